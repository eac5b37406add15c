import {expect, test} from 'vitest';
import * as z from 'zod';
import {
  clientCertificate,
  definePipeline,
  defineStream,
  deviceToken,
  jwt,
  secret,
} from '../../src/define/index.ts';
import type {JwtOptions} from '../../src/define/credentials.ts';
import type {Quota} from '../../src/define/quota.ts';
import type {Source} from '../../src/define/source.ts';
import {toError} from '../../src/lib/errors.ts';

function problemsOf(accept: readonly Source[], quota?: Quota): string {
  try {
    const stream = defineStream({
      name: 'readings',
      owner: 'team',
      schema: z.object({}),
      partitions: 1,
      accept,
      ...(quota === undefined ? {} : {quota}),
    });
    definePipeline({name: 'one', streams: [stream], views: []});
    return '';
  } catch (error) {
    return toError(error).message;
  }
}

const good: JwtOptions = {
  issuer: 'https://issuer.example.com',
  audience: 'forebay',
  algorithms: ['ES256'],
  jwksUrl: 'https://issuer.example.com/jwks',
};
const jwtProblems = (options: Partial<JwtOptions>) => problemsOf([jwt({...good, ...options})]);

test('credentials as they are meant to be have no problem', () => {
  const fingerprint = '0f'.repeat(32);
  expect(problemsOf([deviceToken(), jwt(good)], {eventsPerSecond: 0.1, burst: 1})).toBe('');
  expect(problemsOf([clientCertificate({fingerprints: [fingerprint]})])).toBe('');
  expect(problemsOf([clientCertificate({fingerprints: secret('PINNED'), device: 'serial'})])).toBe(
    '',
  );
  const {jwksUrl: _, ...keyless} = good;
  expect(problemsOf([jwt({...keyless, jwks: secret('KEYS')})])).toBe('');
  expect(problemsOf([jwt({...keyless, algorithms: ['HS256'], secret: secret('S')})])).toBe('');
});

test.each([
  'http://issuer.example.com/jwks',
  'https://localhost/jwks',
  'https://127.0.0.1/jwks',
  'https://2130706433/jwks',
  'https://0x7f.1/jwks',
  'https://10.0.0.1/jwks',
  'https://169.254.169.254/latest/meta-data',
  'https://[::1]/jwks',
  'https://[::ffff:10.0.0.1]/jwks',
  'https://issuer/jwks',
  'https://issuer.internal/jwks',
  'https://printer.local./jwks',
  'https://user:word@issuer.example.com/jwks',
  'file:///etc/passwd',
  'no url',
])('keys are never fetched from %s', (jwksUrl) => {
  expect(jwtProblems({jwksUrl})).toContain('jwksUrl');
});

test('a JWT has an issuer, an audience, and algorithms that fit its keys', () => {
  expect(jwtProblems({issuer: ''})).toContain('issuer');
  expect(jwtProblems({issuer: 'a b'})).toContain('issuer');
  expect(jwtProblems({audience: ''})).toContain('audience');
  expect(jwtProblems({algorithms: []})).toContain('algorithms is empty');
  expect(jwtProblems({algorithms: ['ES256', 'HS256']})).toContain('HS256 is not for public keys');
  expect(jwtProblems({algorithms: ['none' as 'ES256']})).toContain('none is not for public keys');
  expect(jwtProblems({maxLifetimeMs: 0})).toContain('maxLifetimeMs');
  expect(jwtProblems({deviceClaim: ''})).toContain('deviceClaim');
  const {jwksUrl: _, ...keyless} = good;
  expect(problemsOf([jwt({...keyless, secret: secret('S')})])).toContain(
    'ES256 is not for a secret',
  );
});

test('a JWT has its keys from one place', () => {
  const {jwksUrl: _, ...keyless} = good;
  expect(problemsOf([jwt(keyless)])).toContain('exactly one of jwks, jwksUrl and secret');
  expect(jwtProblems({jwks: secret('KEYS')})).toContain('exactly one of');
});

test('device tokens have a secret, and not any number of them', () => {
  expect(problemsOf([deviceToken({secrets: []})])).toContain('no secret');
  const secrets = Array.from({length: 5}, (_, index) => secret(`S${index}`));
  expect(problemsOf([deviceToken({secrets})])).toContain('at most 4 secrets');
});

test('a certificate is pinned by its SHA-256', () => {
  expect(problemsOf([clientCertificate({fingerprints: []})])).toContain('1 to 10000');
  expect(problemsOf([clientCertificate({fingerprints: ['ab']})])).toContain('"ab" is not');
});

test.each([
  {eventsPerSecond: 0, burst: 1},
  {eventsPerSecond: Number.NaN, burst: 1},
  {eventsPerSecond: 1, burst: 0.5},
  {eventsPerSecond: 1, burst: Number.POSITIVE_INFINITY},
])('%j is no quota', (quota) => {
  expect(problemsOf([deviceToken()], quota)).toContain('quota.');
});
