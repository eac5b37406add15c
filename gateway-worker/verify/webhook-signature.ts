import type {SignatureProof, SignatureVersion} from '../../src/define/webhook-scheme.ts';
import {fromBase64, fromHex} from '../../src/lib/bytes.ts';
import {headerValue} from './header-value.ts';
import {signedContents} from './webhook-content.ts';
import type {RawDelivery} from './webhook-content.ts';
import {keyBytes, verifierOf} from './webhook-key.ts';
import {freshTimestamp} from './webhook-timestamp.ts';

/** Room for MAX_SIGNATURES of the longest kind and what stands beside them. */
const MAX_HEADER_CHARS = 2_048;
/** A provider that changes its secret signs with two; every further one costs a pass over the body. */
const MAX_SIGNATURES = 10;

/** The value of a secret by its name; `null` when it is not set. */
export type SecretOf = (name: string) => string | null;

/**
 * The secret of which one of the delivery's signatures is right, over the raw bytes; `null` when there is none such. Every
 * comparison is the platform's own, in constant time. Secrets that are not set or no keys are left out.
 */
export async function signingSecret(
  proof: SignatureProof,
  delivery: RawDelivery,
  secretOf: SecretOf,
): Promise<string | null> {
  const {headers, receivedMs} = delivery;
  const items = itemsOf(proof, headerValue(headers, proof.header));
  const signatures = proof.versions.map((version) => signaturesOf(version, items));
  const total = signatures.reduce((sum, {length}) => sum + length, 0);
  if (total === 0 || total > MAX_SIGNATURES) return null;
  const rule = proof.timestamp;
  const timestamp = rule === undefined ? null : freshTimestamp(rule, {headers, items, receivedMs});
  if (rule !== undefined && timestamp === null) return null;
  const contents = await signedContents(proof, delivery, timestamp);
  for (const [index, version] of proof.versions.entries()) {
    const secret = await rightSecret(version, {signatures: signatures[index]!, contents, secretOf});
    if (secret !== null) return secret;
  }
  return null;
}

interface SignedWith {
  readonly signatures: readonly Uint8Array[];
  readonly contents: readonly Uint8Array[];
  readonly secretOf: SecretOf;
}

async function rightSecret(
  version: SignatureVersion,
  {signatures, contents, secretOf}: SignedWith,
): Promise<string | null> {
  if (signatures.length === 0) return null;
  for (const {secret: name} of version.secrets) {
    const secret = secretOf(name);
    const bytes = secret === null ? null : keyBytes(version, secret);
    if (bytes === null) continue;
    const verify = await verifierOf(version, bytes);
    for (const content of contents)
      for (const signature of signatures) if (await verify(signature, content)) return secret;
  }
  return null;
}

function itemsOf({separator}: SignatureProof, header: string | null): readonly string[] {
  if (header === null || header.length > MAX_HEADER_CHARS) return [];
  return separator === undefined ? [header] : header.split(separator);
}

function signaturesOf(
  {prefix, encoding}: SignatureVersion,
  items: readonly string[],
): readonly Uint8Array[] {
  const decode = encoding === 'hex' ? fromHex : fromBase64;
  return items.flatMap((item) => {
    const bytes = item.startsWith(prefix) ? decode(item.slice(prefix.length)) : null;
    return bytes === null || bytes.length === 0 ? [] : [bytes];
  });
}
