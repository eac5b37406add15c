import {JWT_ALGORITHMS, JWT_SECRET_ALGORITHMS} from './credentials.ts';
import type {ClientCertificateSource, DeviceTokenSource, JwtSource} from './credentials.ts';
import type {Source} from './source.ts';
import type {AnyStream} from './stream.ts';

/** While one takes the place of another there are two. */
const MAX_DEVICE_SECRETS = 4;
const MAX_FINGERPRINTS = 10_000;
const MAX_URL_CHARS = 2_048;
const FINGERPRINT = /^[0-9a-f]{64}$/i;
/** Also a part of senders' names, where a space ends it. */
const ISSUER = /^[\x21-\x7e]{1,512}$/;
/** Names that only mean something on a private network (RFC 6761, RFC 6762, RFC 8375). */
const PRIVATE_HOST =
  /(?:^|\.)(?:localhost|local|internal|intranet|lan|home|corp|private|arpa|test)$/;

/** What is wrong with the credentials and the quota of a stream. */
export function credentialProblems(stream: AnyStream): string[] {
  const at = `stream "${stream.name}"`;
  return [...quotaProblems(stream), ...stream.accept.flatMap(sourceProblems)].map(
    (problem) => `${at}: ${problem}`,
  );
}

function sourceProblems(source: Source): string[] {
  if (source.kind === 'device-token') return deviceTokenProblems(source);
  if (source.kind === 'jwt') return jwtProblems(source);
  return source.kind === 'client-certificate' ? certificateProblems(source) : [];
}

function quotaProblems({quota}: AnyStream): string[] {
  if (quota === undefined) return [];
  const {eventsPerSecond, burst} = quota;
  return [
    ...(eventsPerSecond > 0 && Number.isFinite(eventsPerSecond)
      ? []
      : [`quota.eventsPerSecond must be above 0, not ${eventsPerSecond}`]),
    ...(burst >= 1 && Number.isFinite(burst)
      ? []
      : [`quota.burst must be at least 1, not ${burst}`]),
  ];
}

function deviceTokenProblems(source: DeviceTokenSource): string[] {
  const {length} = source.secrets;
  if (length === 0) return ['deviceToken() has no secret, so no token could be checked'];
  if (length > MAX_DEVICE_SECRETS)
    return [`deviceToken() takes at most ${MAX_DEVICE_SECRETS} secrets, not ${length}`];
  return [];
}

function jwtProblems({
  issuer,
  audience,
  algorithms,
  keys,
  deviceClaim,
  ...rest
}: JwtSource): string[] {
  const {maxLifetimeMs} = rest;
  const fitting: readonly string[] =
    keys.from === 'secret' ? JWT_SECRET_ALGORITHMS : JWT_ALGORITHMS;
  const unfit = algorithms.filter((algorithm) => !fitting.includes(algorithm));
  const whose = keys.from === 'secret' ? 'a secret' : 'public keys';
  return [
    ...(ISSUER.test(issuer) ? [] : [`jwt(): issuer "${issuer}" must match ${ISSUER}`]),
    ...(audience === '' ? ['jwt(): audience is empty, so tokens for others would do'] : []),
    ...(deviceClaim === '' ? ['jwt(): deviceClaim is empty'] : []),
    ...(algorithms.length === 0
      ? ['jwt(): algorithms is empty, so no token could be checked']
      : []),
    ...unfit.map(
      (algorithm) => `jwt(): ${algorithm} is not for ${whose}; use ${fitting.join(', ')}`,
    ),
    ...(keys.from === 'url' ? urlProblems(keys.url) : []),
    ...(maxLifetimeMs === undefined || maxLifetimeMs > 0
      ? []
      : [`jwt(): maxLifetimeMs must be above 0, not ${maxLifetimeMs}`]),
  ];
}

/** The gateway fetches it, so it must not lead into the network the gateway stands in. */
function urlProblems(text: string): string[] {
  if (text === '') return ['jwt() takes exactly one of jwks, jwksUrl and secret'];
  const url = text.length <= MAX_URL_CHARS ? URL.parse(text) : null;
  if (url === null) return [`jwt(): jwksUrl is not a URL of at most ${MAX_URL_CHARS} characters`];
  const at = `jwt(): jwksUrl ${url.origin}`;
  const {hostname} = url;
  if (url.protocol !== 'https:') return [`${at} must be https`];
  if (url.username !== '' || url.password !== '') return [`${at} must have no user name`];
  // The parser has made every form of an IPv4 address (0x7f.1, 2130706433) a dotted one.
  if (hostname.startsWith('[') || /^[\d.]+$/.test(hostname))
    return [`${at} must name its host, not give an address`];
  const name = hostname.replace(/\.$/, '').toLowerCase();
  if (!name.includes('.') || PRIVATE_HOST.test(name)) return [`${at} must be a public host`];
  return [];
}

function certificateProblems({fingerprints, device}: ClientCertificateSource): string[] {
  const deviceProblems = ['fingerprint', 'serial'].includes(device)
    ? []
    : [`clientCertificate(): device must be 'fingerprint' or 'serial', not "${device}"`];
  if ('secret' in fingerprints) return deviceProblems;
  return [
    ...deviceProblems,
    ...(fingerprints.length === 0 || fingerprints.length > MAX_FINGERPRINTS
      ? [
          `clientCertificate() takes 1 to ${MAX_FINGERPRINTS} fingerprints, not ${fingerprints.length}`,
        ]
      : []),
    ...fingerprints
      .filter((text) => !FINGERPRINT.test(text))
      .map((text) => `clientCertificate(): "${text}" is not the hex SHA-256 of a certificate`),
  ];
}
