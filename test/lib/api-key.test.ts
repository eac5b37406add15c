import {createHash} from 'node:crypto';
import {expect, test} from 'vitest';
import {apiKeyId, hashApiKey, makeApiKey} from '../../src/lib/api-key.ts';

const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes));

test('a key names its environment and its id, and carries 256 random bits', () => {
  const {key, id} = makeApiKey({environment: 'dev', random});
  expect(key).toMatch(/^fb_dev_[0-9a-f]{16}_[0-9a-f]{64}$/);
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
