/**
 * How senders that a gateway does not know one by one prove themselves. A stream lists what it takes in `accept`; each
 * proves who sends, and nothing but sending to the streams that list it.
 */
import type {SecretReference} from './secret.ts';

export const DEVICE_SECRET_DEFAULT = 'FOREBAY_DEVICE_SECRET';

/** `Authorization: Bearer fbd_…`: tokens the gateway derives from a secret (src/lib/device-token.ts), with no list of devices. */
export interface DeviceTokenSource {
  readonly kind: 'device-token';
  /** New tokens are made with the first; tokens of the others stay good while one takes the place of another. */
  readonly secrets: readonly SecretReference[];
}

export interface DeviceTokenOptions {
  /** 1 to 4. Default: `FOREBAY_DEVICE_SECRET`. */
  readonly secrets?: readonly SecretReference[];
}

/** Tokens of devices that the gateway need not know. */
export function deviceToken(options: DeviceTokenOptions = {}): DeviceTokenSource {
  return {
    kind: 'device-token',
    secrets: options.secrets ?? [{secret: DEVICE_SECRET_DEFAULT}],
  };
}

/** RFC 7518 §3.1, RFC 8037, and `Ed25519` of RFC 9864; `none` is in no list. */
export const JWT_ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'EdDSA',
  'Ed25519',
] as const;
export const JWT_SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const;
export type JwtAlgorithm = (typeof JWT_ALGORITHMS)[number] | (typeof JWT_SECRET_ALGORITHMS)[number];

/** `Authorization: Bearer <JWT>` of one issuer (RFC 7519, RFC 8725). */
export interface JwtSource {
  readonly kind: 'jwt';
  readonly issuer: string;
  /** The token's `aud` must be or hold it. */
  readonly audience: string;
  /** What a token may be signed with; the token itself only says which of these. */
  readonly algorithms: readonly JwtAlgorithm[];
  readonly keys: JwtKeys;
  /** The claim that names the sender. */
  readonly deviceClaim: string;
  /** The claim that must hold `ingest:write:<stream>` or `ingest:write:*`; without it every token may write. */
  readonly scopeClaim: string | undefined;
  /** From `iat` to `exp`, for issuers that may sign too long ones; without it any. */
  readonly maxLifetimeMs: number | undefined;
}

/** `jwks`: the text of a JWK Set (RFC 7517 §5) of public keys. `url`: where it is. `secret`: for HS algorithms. */
export type JwtKeys =
  | {readonly from: 'jwks'; readonly jwks: SecretReference}
  | {readonly from: 'url'; readonly url: string}
  | {readonly from: 'secret'; readonly secret: SecretReference};

export interface JwtOptions {
  /** `iss`, as it stands in the token. */
  readonly issuer: string;
  /** `aud` must be or hold it. */
  readonly audience: string;
  /** At least one: HS with a `secret`, the others with public keys. */
  readonly algorithms: readonly JwtAlgorithm[];
  readonly jwks?: SecretReference;
  /** `https:`, on a public host. */
  readonly jwksUrl?: string;
  readonly secret?: SecretReference;
  /** Default: `sub`. */
  readonly deviceClaim?: string;
  /** Must hold `ingest:write:<stream>` or `ingest:write:*`. Without it every token may write. */
  readonly scopeClaim?: string;
  /** From `iat` to `exp`, above 0. Default: any. */
  readonly maxLifetimeMs?: number;
}

/** Tokens of one issuer. Name exactly one of `jwks`, `jwksUrl` and `secret`; `definePipeline` checks it. */
export function jwt(options: JwtOptions): JwtSource {
  const {issuer, audience, algorithms, deviceClaim, scopeClaim, maxLifetimeMs} = options;
  return {
    kind: 'jwt',
    issuer,
    audience,
    algorithms,
    keys: keysOf(options),
    deviceClaim: deviceClaim ?? 'sub',
    scopeClaim,
    maxLifetimeMs,
  };
}

/** None or several become an empty URL, which is no URL: `definePipeline` says so. */
function keysOf({jwks, jwksUrl, secret}: JwtOptions): JwtKeys {
  const given: readonly JwtKeys[] = [
    ...(jwks === undefined ? [] : [{from: 'jwks', jwks} as const]),
    ...(jwksUrl === undefined ? [] : [{from: 'url', url: jwksUrl} as const]),
    ...(secret === undefined ? [] : [{from: 'secret', secret} as const]),
  ];
  return given.length === 1 ? given[0]! : {from: 'url', url: ''};
}

/** A TLS client certificate that the platform has verified, pinned by its fingerprint. */
export interface ClientCertificateSource {
  readonly kind: 'client-certificate';
  /** Hex SHA-256 of each certificate, or the secret that lists them, separated by spaces, commas or lines. */
  readonly fingerprints: readonly string[] | SecretReference;
  /** What names the sender: `serial` stays the same when a certificate authority keeps it over a renewal. */
  readonly device: 'fingerprint' | 'serial';
}

export interface ClientCertificateOptions {
  /** 1 to 10,000 of them, each the hex SHA-256 of a certificate, or the secret that lists them. */
  readonly fingerprints: readonly string[] | SecretReference;
  /** What names the sender. Default: `fingerprint`. */
  readonly device?: ClientCertificateSource['device'];
}

/** TLS client certificates, on HTTP routes. */
export function clientCertificate(options: ClientCertificateOptions): ClientCertificateSource {
  return {
    kind: 'client-certificate',
    fingerprints: options.fingerprints,
    device: options.device ?? 'fingerprint',
  };
}

/** A secret a credential cannot do without, and what it must hold. */
export interface CredentialSecret {
  readonly name: string;
  readonly holds: 'hmac-secret' | 'jwks' | 'fingerprints';
}

export function credentialSecrets(
  source: DeviceTokenSource | JwtSource | ClientCertificateSource,
): readonly CredentialSecret[] {
  if (source.kind === 'device-token')
    return source.secrets.map(({secret}) => ({name: secret, holds: 'hmac-secret'}));
  if (source.kind === 'jwt') return jwtSecrets(source.keys);
  return 'secret' in source.fingerprints
    ? [{name: source.fingerprints.secret, holds: 'fingerprints'}]
    : [];
}

function jwtSecrets(keys: JwtKeys): readonly CredentialSecret[] {
  if (keys.from === 'jwks') return [{name: keys.jwks.secret, holds: 'jwks'}];
  return keys.from === 'secret' ? [{name: keys.secret.secret, holds: 'hmac-secret'}] : [];
}
