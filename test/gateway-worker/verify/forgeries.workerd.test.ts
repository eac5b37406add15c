import fc from 'fast-check';
import {base64url} from 'jose';
import {beforeAll, expect, test} from 'vitest';
import {deviceTokenKey, makeDeviceToken} from '../../../src/lib/device-token.ts';
import {CREDENTIAL_SECRETS} from '../support/credential-streams.ts';
import {issuerKey, jwksText, signJwt} from '../support/jwt-issuer.ts';
import type {TestIssuerKey} from '../support/jwt-issuer.ts';
import {testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';

const NOW_MS = 1_800_000_000_000;
const RUNS = {numRuns: 150};
/** Hundreds of requests on a busy machine. */
const TIMEOUT_MS = 60_000;
let app: TestApp;
let key: TestIssuerKey;
let jwt: string;
let deviceToken: string;

beforeAll(async () => {
  key = await issuerKey('ES256', 'es');
  jwt = await signJwt(key, {nowMs: NOW_MS});
  const secret = (await deviceTokenKey(CREDENTIAL_SECRETS.DEVICE_SECRET))!;
  deviceToken = await makeDeviceToken(secret, {
    device: 'd-1',
    streams: ['device-readings'],
    issuedS: NOW_MS / 1_000,
    expiresS: null,
  });
  app = await testApp({
    nowMs: () => NOW_MS,
    services: {fetch: async () => new Response(jwksText(key))},
  });
});

async function statusOf(headers: Record<string, string>, stream = 'jwt-url'): Promise<number> {
  const response = await app.fetch(`/v1/streams/${stream}`, {
    method: 'POST',
    body: '{}',
    headers: {'content-type': 'application/json', ...headers},
  });
  await response.text();
  return response.status;
}

/** What a header may hold (RFC 9110 §5.5), but for bytes beyond ASCII. */
const headerText = fc.string({
  unit: fc.integer({min: 0x20, max: 0x7e}).map((code) => String.fromCharCode(code)),
  maxLength: 200,
});
const word = fc.string({
  unit: fc.constantFrom(...'abcXYZ019-_.=/+~:'.split('')),
  maxLength: 120,
});
const change = (text: () => string) =>
  fc.record({at: fc.nat(4_096), put: word, cut: fc.nat(3)}).map(({at, put, cut}) => {
    const whole = text();
    const place = at % (whole.length + 1);
    return whole.slice(0, place) + put + whole.slice(place + cut);
  });

test(
  'no random text authenticates or breaks anything',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          headerText,
          word.map((text) => `Bearer ${text}`),
          word.map((text) => `Bearer fbd_${text}`),
          word.map((text) => `Bearer eyJ${text}`),
          fc.tuple(word, word, word).map((parts) => `Bearer eyJ${parts.join('.')}`),
          word.map((text) => `Bearer fb_test_${text}`),
        ),
        async (authorization) => {
          expect(await statusOf({authorization})).toBe(401);
        },
      ),
      RUNS,
    );
  },
  TIMEOUT_MS,
);

test(
  'no change to a good device token leaves it one',
  async () => {
    expect(await statusOf({authorization: `Bearer ${deviceToken}`}, 'device-readings')).toBe(202);
    await fc.assert(
      fc.asyncProperty(
        change(() => deviceToken),
        async (changed) => {
          fc.pre(changed !== deviceToken);
          const authorization = `Bearer ${changed}`;
          expect(await statusOf({authorization}, 'device-readings')).toBe(401);
        },
      ),
      RUNS,
    );
  },
  TIMEOUT_MS,
);

test(
  'no change to a good JWT leaves it one',
  async () => {
    expect(await statusOf({authorization: `Bearer ${jwt}`})).toBe(202);
    const signature = base64url.decode(jwt.split('.')[2]!);
    await fc.assert(
      fc.asyncProperty(
        change(() => jwt),
        async (changed) => {
          fc.pre(changed !== jwt && !isSameSignature(changed, signature));
          expect(await statusOf({authorization: `Bearer ${changed}`})).toBe(401);
        },
      ),
      RUNS,
    );
  },
  TIMEOUT_MS,
);

/** RFC 7515 leaves it open whether unused bits of base64url count; the same bytes are the same signature. */
function isSameSignature(token: string, signature: Uint8Array): boolean {
  const [header, claims, text] = token.split('.');
  if (text === undefined || `${header}.${claims}` !== jwt.split('.', 2).join('.')) return false;
  try {
    return base64url.decode(text).toString() === signature.toString();
  } catch {
    return false;
  }
}

const json = fc.jsonValue({maxDepth: 3});
const encode = (value: unknown) => base64url.encode(JSON.stringify(value));
const said = (part: string) =>
  JSON.parse(new TextDecoder().decode(base64url.decode(part))) as Record<string, unknown>;

test(
  'whatever a header or claims say that the key did not sign, nobody is let in',
  async () => {
    const [header, claims, signature] = jwt.split('.') as [string, string, string];
    const name = fc.oneof(
      fc.constantFrom('alg', 'kid', 'crit', 'typ', 'jwk', 'jku', 'b64', 'iss', 'aud', 'exp', 'sub'),
      fc.constantFrom('__proto__', 'constructor'),
    );
    await fc.assert(
      fc.asyncProperty(fc.boolean(), name, json, async (isHeader, name, value) => {
        const part = isHeader ? header : claims;
        const changed = encode(Object.fromEntries([...Object.entries(said(part)), [name, value]]));
        fc.pre(changed !== part);
        const token = isHeader
          ? `${changed}.${claims}.${signature}`
          : `${header}.${changed}.${signature}`;
        expect(await statusOf({authorization: `Bearer ${token}`})).toBe(401);
      }),
      RUNS,
    );
  },
  TIMEOUT_MS,
);

test(
  'whatever the key did sign, it is an answer and no failure',
  async () => {
    const claimName = fc.constantFrom('iss', 'aud', 'exp', 'nbf', 'iat', 'sub', 'jti', 'x');
    await fc.assert(
      fc.asyncProperty(fc.dictionary(claimName, json), async (claims) => {
        const token = await signJwt(key, {nowMs: NOW_MS, claims}).catch(() => null);
        fc.pre(token !== null);
        expect([202, 401]).toContain(await statusOf({authorization: `Bearer ${token}`}));
      }),
      RUNS,
    );
  },
  TIMEOUT_MS,
);
