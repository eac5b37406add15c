import * as z from 'zod';
import {
  apiKey,
  clientCertificate,
  defineStream,
  deviceToken,
  jwt,
  secret,
} from '../../../src/define/index.ts';
import type {Source} from '../../../src/define/source.ts';
import type {Quota} from '../../../src/define/quota.ts';

export const ISSUER = 'https://issuer.example.com';
export const JWKS_URL = `${ISSUER}/.well-known/jwks.json`;
export const AUDIENCE = 'forebay';
export const FINGERPRINT = 'ab'.repeat(32);

export const CREDENTIAL_SECRETS = {
  DEVICE_SECRET: 'the secret of devices, long enough',
  DEVICE_SECRET_NEXT: 'the secret that takes its place, too',
  OTHER_DEVICE_SECRET: 'the secret of quite other devices',
  JWT_SECRET: 'a secret for HS256 of thirty-two or more',
  PINNED: `${'cd'.repeat(32)}\n${'EF:'.repeat(31)}EF`,
};

function stream(name: string, accept: readonly Source[], quota?: Quota) {
  return defineStream({
    name,
    owner: 'tests',
    schema: z.looseObject({}),
    partitions: 1,
    accept,
    ...(quota === undefined ? {} : {quota}),
  });
}

const devices = deviceToken({secrets: [secret('DEVICE_SECRET'), secret('DEVICE_SECRET_NEXT')]});

/** One stream for each way to prove who one is, and for quotas. */
export const credentialStreams = [
  stream('device-readings', [devices, apiKey()]),
  stream('device-logs', [devices]),
  stream('other-devices', [deviceToken({secrets: [secret('OTHER_DEVICE_SECRET')]})]),
  stream('jwt-url', [
    jwt({
      issuer: ISSUER,
      audience: AUDIENCE,
      algorithms: ['ES256', 'RS256', 'EdDSA'],
      jwksUrl: JWKS_URL,
    }),
  ]),
  stream('jwt-text', [
    jwt({
      issuer: 'https://scoped.example.com',
      audience: AUDIENCE,
      algorithms: ['ES256'],
      jwks: secret('ISSUER_JWKS'),
      deviceClaim: 'device',
      scopeClaim: 'scope',
      maxLifetimeMs: 3_600_000,
    }),
  ]),
  stream('jwt-secret', [
    jwt({
      issuer: 'https://shared.example.com',
      audience: AUDIENCE,
      algorithms: ['HS256'],
      secret: secret('JWT_SECRET'),
    }),
  ]),
  stream('certified', [clientCertificate({fingerprints: [FINGERPRINT]})]),
  stream('certified-serials', [
    clientCertificate({fingerprints: secret('PINNED'), device: 'serial'}),
  ]),
  stream('stream-quota', [apiKey()], {eventsPerSecond: 10, burst: 20}),
  stream('wide-quota', [apiKey()], {eventsPerSecond: 1_000, burst: 1_000}),
];
