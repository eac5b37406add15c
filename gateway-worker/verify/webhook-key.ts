import type {SecretForm, SignatureVersion} from '../../src/define/webhook-scheme.ts';
import {fromBase64, utf8} from '../../src/lib/bytes.ts';

/** RFC 8032 §5.1.5. */
const ED25519_KEY_BYTES = 32;
/** How keys of Standard Webhooks begin: `whsec_` shared, `whpk_` public, `whsk_` private. */
const PUBLIC_OR_PRIVATE = /^wh[ps]k_/;

/**
 * A secret's text as key of a version; `null` when it is none. What is marked as half of a key pair never becomes a shared
 * secret: the public half is known to everybody, so everybody could sign with it.
 */
export function keyBytes({algorithm, key}: SignatureVersion, secret: string): Uint8Array | null {
  const isPair = algorithm === 'Ed25519';
  if (!isPair && PUBLIC_OR_PRIVATE.test(secret)) return null;
  const bytes = decoded(key, secret);
  if (bytes === null || bytes.length === 0) return null;
  return isPair && bytes.length !== ED25519_KEY_BYTES ? null : bytes;
}

function decoded(form: SecretForm, secret: string): Uint8Array | null {
  if (form === 'text') return utf8(secret);
  const {base64After} = form;
  return fromBase64(secret.startsWith(base64After) ? secret.slice(base64After.length) : secret);
}

const HASH_OF = {'HMAC-SHA-256': 'SHA-256', 'HMAC-SHA-1': 'SHA-1'} as const;

/** What verifies the signatures of a version under one of its keys. */
export async function verifierOf(
  {algorithm}: SignatureVersion,
  bytes: Uint8Array,
): Promise<(signature: Uint8Array, content: Uint8Array) => Promise<boolean>> {
  const name = algorithm === 'Ed25519' ? 'Ed25519' : 'HMAC';
  const parameters = algorithm === 'Ed25519' ? {name} : {name, hash: HASH_OF[algorithm]};
  const key = await crypto.subtle.importKey('raw', bytes, parameters, false, ['verify']);
  return (signature, content) => crypto.subtle.verify(name, key, signature, content);
}
