import type {WebhookScheme} from '../../src/define/source.ts';
import {fromHex, utf8} from '../../src/lib/bytes.ts';

/** A hex SHA-256 has 64 digits, a base64 one 44; longer is no signature. */
const MAX_SIGNATURE_CHARS = 128;

/** Whether `signature`, as its header has it, is the scheme's over the raw bytes. The comparison is the platform's. */
export async function isSignedBy(
  scheme: WebhookScheme,
  secret: string,
  {body, signature}: {readonly body: Uint8Array; readonly signature: string | null},
): Promise<boolean> {
  const digest = signature === null ? null : digestIn(scheme, signature);
  if (digest === null) return false;
  const key = await importedKey(secret, scheme.algorithm);
  return crypto.subtle.verify('HMAC', key, digest, body);
}

function digestIn(scheme: WebhookScheme, header: string): Uint8Array | null {
  const {signaturePrefix, encoding} = scheme;
  if (header.length > MAX_SIGNATURE_CHARS || !header.startsWith(signaturePrefix)) return null;
  const text = header.slice(signaturePrefix.length);
  return encoding === 'hex' ? fromHex(text) : fromBase64(text);
}

function fromBase64(text: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}

function importedKey(secret: string, hash: string): Promise<CryptoKey> {
  const algorithm = {name: 'HMAC', hash};
  return crypto.subtle.importKey('raw', utf8(secret), algorithm, false, ['verify']);
}
