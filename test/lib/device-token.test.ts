import {createHmac} from 'node:crypto';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {
  deviceClaims,
  deviceTokenKey,
  isDeviceTokenOf,
  makeDeviceToken,
  MAX_DEVICE_TOKEN_CHARS,
  MIN_HMAC_SECRET_CHARS,
  parseDeviceToken,
} from '../../src/lib/device-token.ts';
import type {DeviceClaims} from '../../src/lib/device-token.ts';

const SECRET = 'a secret that is long enough for this';
const key = (await deviceTokenKey(SECRET))!;
const claims: DeviceClaims = {
  device: 'd-7',
  streams: ['readings'],
  issuedS: 1_800_000_000,
  expiresS: null,
};

const device = fc.string({
  unit: fc.integer({min: 0x21, max: 0x7e}).map((code) => String.fromCodePoint(code)),
  minLength: 1,
  maxLength: 128,
});
const time = fc.integer({min: 0, max: 253_402_300_799});
const anyClaims: fc.Arbitrary<DeviceClaims> = fc.record({
  device,
  streams: fc.array(fc.stringMatching(/^[a-z][a-z0-9-]{0,62}$/), {minLength: 1, maxLength: 16}),
  issuedS: time,
  expiresS: fc.option(time),
});

test('a token carries its claims and an HMAC-SHA-256 over all of them', async () => {
  const token = await makeDeviceToken(key, claims);
  expect(token).toMatch(/^fbd_[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}$/);
  const [signed, mac] = token.split('.');
  expect(mac).toBe(createHmac('sha256', SECRET).update(signed!).digest('base64url'));
  expect(JSON.parse(Buffer.from(signed!.slice(4), 'base64url').toString())).toEqual([
    1,
    'd-7',
    ['readings'],
    1_800_000_000,
    null,
  ]);
});

test('any claims come back as they went in, within the bound, and in a form for URLs', async () => {
  await fc.assert(
    fc.asyncProperty(anyClaims, async (claims) => {
      const token = await makeDeviceToken(key, claims);
      expect(token.length).toBeLessThanOrEqual(MAX_DEVICE_TOKEN_CHARS);
      expect(encodeURIComponent(token)).toBe(token);
      const parsed = parseDeviceToken(token)!;
      expect(await isDeviceTokenOf(key, parsed)).toBe(true);
      expect(deviceClaims(parsed)).toEqual(claims);
    }),
    {numRuns: 200},
  );
});

test('one character changed, added or left out anywhere is another token', async () => {
  const token = await makeDeviceToken(key, claims);
  const change = fc.record({
    at: fc.nat(token.length - 1),
    text: fc.string({unit: 'grapheme-ascii', maxLength: 2}),
    cut: fc.integer({min: 0, max: 2}),
  });
  await fc.assert(
    fc.asyncProperty(change, async ({at, text, cut}) => {
      const changed = token.slice(0, at) + text + token.slice(at + cut);
      fc.pre(changed !== token);
      const parsed = parseDeviceToken(changed);
      expect(parsed !== null && (await isDeviceTokenOf(key, parsed))).toBe(false);
    }),
    {numRuns: 1_000},
  );
});

test('the unused bits of the last base64 character are not a second token', async () => {
  const token = await makeDeviceToken(key, claims);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const accepted = alphabet
    .split('')
    .filter((last) => parseDeviceToken(token.slice(0, -1) + last) !== null);
  expect(accepted).toHaveLength(16);
});

test('another secret makes another token, and a short one none', async () => {
  const token = parseDeviceToken(await makeDeviceToken(key, claims))!;
  const other = (await deviceTokenKey('quite another secret, as long as the'))!;
  expect(await isDeviceTokenOf(other, token)).toBe(false);
  expect(await deviceTokenKey('x'.repeat(MIN_HMAC_SECRET_CHARS - 1))).toBeNull();
});

test('what is signed by the secret, but says something else than claims, has none', async () => {
  const values: readonly unknown[] = [
    null,
    {},
    [],
    [2, 'd', ['s'], 0, null],
    [1, 'd', ['s'], 0],
    [1, 'd', ['s'], 0, null, 1],
    [1, 'a b', ['s'], 0, null],
    [1, '', ['s'], 0, null],
    [1, 'd', [], 0, null],
    [1, 'd', 's', 0, null],
    [1, 'd', ['S'], 0, null],
    [1, 'd', ['s'], '0', null],
    [1, 'd', ['s'], -1, null],
    [1, 'd', ['s'], 0.5, null],
    [1, 'd', ['s'], 0, 1e15],
  ];
  for (const value of values) {
    const signed = `fbd_${Buffer.from(JSON.stringify(value)).toString('base64url')}`;
    const mac = createHmac('sha256', SECRET).update(signed).digest('base64url');
    const parsed = parseDeviceToken(`${signed}.${mac}`)!;
    expect(await isDeviceTokenOf(key, parsed)).toBe(true);
    expect([value, deviceClaims(parsed)]).toEqual([value, null]);
  }
});

test('what has not the form of a token is not taken apart', () => {
  for (const text of ['', 'fbd_', 'fbd_.', 'fbd_YQ', `fbd_YQ.${'A'.repeat(42)}`, 'fb_x_y_z'])
    expect(parseDeviceToken(text)).toBeNull();
  expect(parseDeviceToken(`fbd_${'A'.repeat(MAX_DEVICE_TOKEN_CHARS)}.AA`)).toBeNull();
});
