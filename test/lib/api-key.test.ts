import {createHash} from 'node:crypto';
import {expect, test} from 'vitest';
import {crc32 as judge} from 'node:zlib';
import {apiKeyId, hashApiKey, isMistyped, makeApiKey} from '../../src/lib/api-key.ts';

const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes));

test('a key names its environment and its id, and carries 256 random bits', () => {
  const {key, id} = makeApiKey({environment: 'dev', random});
  expect(key).toMatch(/^fb_dev_[0-9a-f]{16}_[0-9a-f]{72}$/);
  expect(apiKeyId(key)).toBe(id);
  expect(makeApiKey({environment: 'dev', random}).key).not.toBe(key);
});

test('its hash is the SHA-256 of the whole key', async () => {
  const {key} = makeApiKey({environment: 'live', random});
  expect(await hashApiKey(key)).toBe(createHash('sha256').update(key).digest('hex'));
});

test('what has not the form of a key has no id', () => {
  for (const text of [
    '',
    'fb',
    'fb_dev_abcd',
    'fb_dev__',
    `xx_dev_abcd_${'0'.repeat(64)}`,
    `fb_dev_abcd_${'0'.repeat(31)}`,
  ])
    expect(apiKeyId(text)).toBeNull();
});

test('a key ends with the CRC-32 of all before it, so a mistyped one is told', () => {
  const {key} = makeApiKey({environment: 'live', random});
  expect(Number.parseInt(key.slice(-8), 16)).toBe(judge(key.slice(0, -8)));
  expect(isMistyped(key)).toBe(false);
  for (const at of [3, 10, 30, key.length - 1]) {
    const wrong = key[at] === 'a' ? 'b' : 'a';
    expect(isMistyped(key.slice(0, at) + wrong + key.slice(at + 1))).toBe(true);
  }
});

test('a key without a checksum is never called mistyped', () => {
  expect(isMistyped(`fb_dev_abcd_${'0'.repeat(64)}`)).toBe(false);
});

test('another secret of a key has the same id', () => {
  const {key, id} = makeApiKey({environment: 'live', random});
  const next = makeApiKey({environment: 'live', random, id});
  expect(next.id).toBe(id);
  expect(next.key).not.toBe(key);
  expect(apiKeyId(next.key)).toBe(id);
});
