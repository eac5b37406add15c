import {base64url} from 'jose';
import {beforeAll, describe, expect, test} from 'vitest';
import {MAX_JWT_CHARS} from '../../../gateway-worker/verify/jwts.ts';
import {utf8} from '../../../src/lib/bytes.ts';
import {AUDIENCE, CREDENTIAL_SECRETS, ISSUER} from '../support/credential-streams.ts';
import {issuerKey, jwksText, signJwt} from '../support/jwt-issuer.ts';
import type {TestIssuerKey, TestJwtOptions} from '../support/jwt-issuer.ts';
import {recordsOf} from '../support/shard-records.ts';
import {expectProblem, testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';

const NOW_MS = 1_800_000_000_000;
const NOW_S = NOW_MS / 1_000;
const SCOPED = 'https://scoped.example.com';
const SHARED = 'https://shared.example.com';
let app: TestApp;
let es: TestIssuerKey;
let rs: TestIssuerKey;
let ed: TestIssuerKey;
let stranger: TestIssuerKey;

beforeAll(async () => {
  [es, rs, ed, stranger] = await Promise.all([
    issuerKey('ES256', 'es'),
    issuerKey('RS256', 'rs'),
    issuerKey('EdDSA', 'ed'),
    issuerKey('ES256', 'es'),
  ]);
  const text = jwksText(es, rs, ed);
  app = await testApp({
    nowMs: () => NOW_MS,
    extraEnv: {FOREBAY_SECRETS: JSON.stringify({...CREDENTIAL_SECRETS, ISSUER_JWKS: text})},
    services: {fetch: async () => new Response(text)},
  });
});

const sign = (key: TestIssuerKey, options: Omit<TestJwtOptions, 'nowMs'> = {}) =>
  signJwt(key, {nowMs: NOW_MS, ...options});
const send = (token: string, stream = 'jwt-url') =>
  app.post(`/v1/streams/${stream}`, {a: 1}, {authorization: `Bearer ${token}`});

const encode = (value: object) => base64url.encode(JSON.stringify(value));

/** Header and claims as they are, and what stands for the signature. */
function unsigned(header: object, claims: object, signature = ''): string {
  return `${encode(header)}.${encode(claims)}.${signature}`;
}

const CLAIMS = {iss: ISSUER, aud: AUDIENCE, sub: 'd-1', exp: NOW_S + 600};

test.each(['es', 'rs', 'ed'] as const)('a token signed with the %s key is taken', async (name) => {
  const key = {es, rs, ed}[name];
  expect((await send(await sign(key))).status).toBe(202);
});

test('clocks may differ by a minute', async () => {
  for (const claims of [{exp: NOW_S - 59}, {nbf: NOW_S + 60}, {iat: NOW_S + 60}])
    expect((await send(await sign(es, {claims}))).status).toBe(202);
});

test('it opens no other stream, and no admin route', async () => {
  const token = await sign(es);
  await expectProblem(await send(token, 'readings'), 403, 'forbidden');
  await expectProblem(await send(token, 'jwt-text'), 403, 'forbidden');
  const headers = {authorization: `Bearer ${token}`};
  await expectProblem(await app.fetch('/admin/v1/shards', {headers}), 403, 'forbidden');
  const claims = {scope: 'admin drain ingest:write:*', scopes: ['admin']};
  const greedy = {authorization: `Bearer ${await sign(es, {claims})}`};
  await expectProblem(await app.fetch('/admin/v1/shards', {headers: greedy}), 403, 'forbidden');
});

describe('401 with one and the same body', () => {
  const refusals: Record<string, () => Promise<string> | string> = {
    'another key with the same id': () => sign(stranger, {header: {kid: 'es'}}),
    'the wrong audience': () => sign(es, {claims: {aud: 'others'}}),
    'no audience': () => sign(es, {claims: {aud: undefined}}),
    'another issuer': () => sign(es, {claims: {iss: 'https://evil.example.com'}}),
    'another issuer of this gateway': () => sign(es, {claims: {iss: SHARED}}),
    'an expired token': () => sign(es, {claims: {exp: NOW_S - 60}}),
    'no end': () => sign(es, {claims: {exp: undefined}}),
    'an end that is a text': () => sign(es, {claims: {exp: String(NOW_S + 600)}}),
    'a beginning in the future': () => sign(es, {claims: {nbf: NOW_S + 61}}),
    'a beginning that is a text': () => sign(es, {claims: {nbf: 'now'}}),
    'an issue in the future': () => sign(es, {claims: {iat: NOW_S + 61}}),
    'no subject': () => sign(es, {claims: {sub: undefined}}),
    'a subject that is a number': () => sign(es, {claims: {sub: 7}}),
    'a subject with a space': () => sign(es, {claims: {sub: 'd 1'}}),
    'no key id': () => sign(es, {header: {kid: undefined}}),
    'an unknown key id': () => sign(es, {header: {kid: 'other'}}),
    'an algorithm outside the list': async () => sign(await issuerKey('ES384', 'es')),
    'the key id of a key of another kind': () => sign(es, {header: {kid: 'rs'}}),
    'a critical header': () => sign(es, {header: {crit: ['exp'], exp: 1}}),
    'an unencoded body': () =>
      unsigned({alg: 'ES256', kid: 'es', b64: false, crit: ['b64']}, CLAIMS, 'AAAA'),
    'alg none': () => unsigned({alg: 'none', kid: 'es'}, CLAIMS),
    'alg None': () => unsigned({alg: 'None', kid: 'es'}, CLAIMS, 'AAAA'),
    'no alg': () => unsigned({kid: 'es'}, CLAIMS, 'AAAA'),
    'alg that is no text': () => unsigned({alg: ['ES256'], kid: 'es'}, CLAIMS, 'AAAA'),
    'a key in its own header': () =>
      sign(stranger, {header: {kid: 'es', jwk: stranger.publicJwk, jku: 'https://evil.example'}}),
    'a signature cut off': async () => (await sign(es)).replace(/\.[^.]+$/, '.'),
    'other claims under the signature': async () => {
      const [header, , signature] = (await sign(es)).split('.');
      return `${header}.${base64url.encode(JSON.stringify({...CLAIMS, sub: 'd-2'}))}.${signature}`;
    },
    'two parts': async () => (await sign(es)).replace(/\.[^.]+$/, ''),
    'too many characters': () => sign(es, {claims: {pad: 'x'.repeat(MAX_JWT_CHARS)}}),
  };

  test.each(Object.keys(refusals))('for %s', async (name) => {
    const none = await (await app.post('/v1/streams/jwt-url', {}, {authorization: ''})).text();
    const response = await send(await refusals[name]!());
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="forebay"');
    expect([response.status, await response.text()]).toEqual([401, none]);
  });

  /** CVE-2015-9235 and its children: the public key, which everyone has, taken for an HMAC secret. */
  test.each(['HS256', 'HS384', 'HS512'])('for %s with a public key as its secret', async (alg) => {
    const texts = [es, rs, ed].flatMap(({publicJwk}) => [
      JSON.stringify(publicJwk),
      publicJwk.x ?? '',
      publicJwk.n ?? '',
    ]);
    for (const {kid} of [es, rs, ed]) {
      for (const text of texts.filter((text) => text !== '')) {
        const key = utf8(text.padEnd(64, '0'));
        const token = await sign({...es, alg, kid}, {key, header: {alg, kid}});
        expect((await send(token)).status).toBe(401);
      }
    }
  });
});

/** Of the issuer whose tokens have scopes. */
const text = (options: Omit<TestJwtOptions, 'nowMs'>) =>
  sign(es, {...options, claims: {iss: SCOPED, device: 'd-9', ...options.claims}});

describe('a token with scopes', () => {
  test.each(['ingest:write:jwt-text', 'read ingest:write:*', ['read', 'ingest:write:jwt-text']])(
    '%j may write',
    async (scope) => {
      expect((await send(await text({claims: {scope}}), 'jwt-text')).status).toBe(202);
    },
  );

  test.each([undefined, '', 'ingest:write:jwt-url', 'ingest:write:jwt-text2', 7, [7], {}])(
    '%j may not',
    async (scope) => {
      const response = await send(await text({claims: {scope}}), 'jwt-text');
      await expectProblem(response, 403, 'forbidden');
    },
  );

  test('is too long for its stream, or does not say how long it is', async () => {
    const scope = 'ingest:write:*';
    for (const claims of [{exp: NOW_S + 3_601}, {iat: undefined}])
      expect((await send(await text({claims: {scope, ...claims}}), 'jwt-text')).status).toBe(401);
    expect((await send(await text({claims: {scope, exp: NOW_S + 3_600}}), 'jwt-text')).status).toBe(
      202,
    );
  });

  test('is 503 when the keys are missing or no keys', async () => {
    const token = await text({claims: {scope: 'ingest:write:*'}});
    for (const secrets of [{}, {ISSUER_JWKS: '{"keys":1}'}, {ISSUER_JWKS: 'x'}]) {
      const lacking = await testApp({
        nowMs: () => NOW_MS,
        extraEnv: {FOREBAY_SECRETS: JSON.stringify(secrets)},
      });
      const response = await lacking.post(
        '/v1/streams/jwt-text',
        {},
        {authorization: `Bearer ${token}`},
      );
      await expectProblem(response, 503, 'not-configured');
    }
  });
});

const shared = (key: string, header: Record<string, unknown> = {alg: 'HS256'}) =>
  sign(es, {key: utf8(key), claims: {iss: SHARED}, header});

describe('a token by a shared secret', () => {
  test('is taken by that secret only', async () => {
    expect((await send(await shared(CREDENTIAL_SECRETS.JWT_SECRET), 'jwt-secret')).status).toBe(
      202,
    );
    const other = await shared('another secret of thirty-two or more chars');
    expect((await send(other, 'jwt-secret')).status).toBe(401);
  });

  test('is taken by that algorithm only', async () => {
    const key = CREDENTIAL_SECRETS.JWT_SECRET;
    expect((await send(await shared(key, {alg: 'HS512'}), 'jwt-secret')).status).toBe(401);
    const asymmetric = await sign(es, {claims: {iss: SHARED}});
    expect((await send(asymmetric, 'jwt-secret')).status).toBe(401);
  });
});

async function sendSame(sub: string): Promise<unknown> {
  const headers = {
    authorization: `Bearer ${await sign(es, {claims: {sub}})}`,
    'idempotency-key': 'same',
  };
  return (await app.post('/v1/streams/jwt-url', {a: 'same'}, headers)).json();
}

test('the same event of two devices is two events, and of one device one', async () => {
  const before = (await recordsOf('jwt-url/0')).length;
  expect(await sendSame('a')).toMatchObject({accepted: 1});
  expect(await sendSame('b')).toMatchObject({accepted: 1});
  expect(await sendSame('a')).toMatchObject({duplicates: 1});
  expect((await recordsOf('jwt-url/0')).length).toBe(before + 2);
});
