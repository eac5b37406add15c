import {exportJWK, generateKeyPair, SignJWT} from 'jose';
import type {CryptoKey, JWK} from 'jose';
import {AUDIENCE, ISSUER} from './credential-streams.ts';

export interface TestIssuerKey {
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
  readonly alg: string;
  readonly kid: string;
}

export async function issuerKey(alg: string, kid: string): Promise<TestIssuerKey> {
  const {publicKey, privateKey} = await generateKeyPair(alg, {extractable: true});
  return {privateKey, alg, kid, publicJwk: {...(await exportJWK(publicKey)), kid, alg, use: 'sig'}};
}

export function jwksText(...keys: readonly TestIssuerKey[]): string {
  return JSON.stringify({keys: keys.map(({publicJwk}) => publicJwk)});
}

export interface TestJwtOptions {
  readonly nowMs: number;
  readonly claims?: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
  readonly key?: CryptoKey | Uint8Array;
}

/** A good token but for what the options say; a claim or header of `undefined` is left out. */
export function signJwt(
  {alg, kid, privateKey}: TestIssuerKey,
  {nowMs, claims = {}, header = {}, key = privateKey}: TestJwtOptions,
): Promise<string> {
  const nowS = Math.floor(nowMs / 1_000);
  const crit = Array.isArray(header['crit']) ? (header['crit'] as string[]) : [];
  const all = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'd-1',
    iat: nowS,
    exp: nowS + 600,
    ...claims,
  };
  return new SignJWT(JSON.parse(JSON.stringify(all)) as Record<string, unknown>)
    .setProtectedHeader({alg, kid, ...header})
    .sign(key, {crit: Object.fromEntries(crit.map((name) => [name, true]))});
}
