import type {TokenProof} from '../../src/define/webhook-scheme.ts';
import {valuesAt} from '../../src/lib/json-pointer.ts';
import {isSameText} from './is-same-text.ts';
import type {SecretOf} from './webhook-signature.ts';

/** A secret, when one stands at every one of the places and there is at least one; else `null`. */
export async function tokenSecret(
  {pointer, secrets}: TokenProof,
  value: unknown,
  secretOf: SecretOf,
): Promise<string | null> {
  const tokens = new Set(valuesAt(value, pointer) ?? []);
  // Different ones can only be different secrets; so there is little to compare in a body of thousands.
  if (tokens.size > secrets.length) return null;
  let found: string | null = null;
  for (const token of tokens) {
    found = typeof token === 'string' ? await matchingSecret(token, secrets, secretOf) : null;
    if (found === null) return null;
  }
  return found;
}

/** The one of the secrets that `text` is; in constant time. */
export async function matchingSecret(
  text: string,
  secrets: TokenProof['secrets'],
  secretOf: SecretOf,
): Promise<string | null> {
  let found: string | null = null;
  for (const {secret: name} of secrets) {
    const secret = secretOf(name);
    if (secret !== null && (await isSameText(secret, text))) found = secret;
  }
  return found;
}
