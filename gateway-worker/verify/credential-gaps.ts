import {credentialSecrets} from '../../src/define/credentials.ts';
import type {CredentialSecret} from '../../src/define/credentials.ts';
import type {AnyStream} from '../../src/define/stream.ts';
import {MIN_HMAC_SECRET_CHARS} from '../../src/lib/device-token.ts';
import {toError} from '../../src/lib/errors.ts';
import {readSecret} from '../env.ts';
import type {Env} from '../env.ts';
import {parseFingerprints} from './client-certificates.ts';
import {parseJwks} from './jwks-cache.ts';

/** Which secrets of the streams' credentials are missing or cannot be used, in words. */
export function credentialGaps(streams: readonly AnyStream[], env: Env): readonly string[] {
  const gaps = streams.flatMap(({accept}) =>
    accept.flatMap((source) =>
      source.kind === 'device-token' ||
      source.kind === 'jwt' ||
      source.kind === 'client-certificate'
        ? credentialSecrets(source).flatMap((secret) => gapOf(secret, env))
        : [],
    ),
  );
  return [...new Set(gaps)];
}

function gapOf({name, holds}: CredentialSecret, env: Env): readonly string[] {
  const text = readSecret(env, name);
  if (text === null) return [`the secret ${name} is not set`];
  if (holds === 'hmac-secret') {
    return text.length < MIN_HMAC_SECRET_CHARS
      ? [`the secret ${name} has fewer than ${MIN_HMAC_SECRET_CHARS} characters`]
      : [];
  }
  if (holds === 'fingerprints')
    return parseFingerprints(text).size === 0 ? [`the secret ${name} lists no fingerprint`] : [];
  try {
    parseJwks(text);
    return [];
  } catch (error) {
    return [`the secret ${name} is no JWK Set: ${toError(error).message}`];
  }
}
