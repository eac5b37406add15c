import {expect, test} from 'vitest';
import {RandomPool} from '../../src/lib/random-pool.ts';
import {UuidV7} from '../../src/lib/uuid-v7.ts';

const uuids = () => {
  const pool = new RandomPool((bytes) => crypto.getRandomValues(bytes));
  return new UuidV7((length) => pool.take(length));
};

test('the example of RFC 9562, appendix A.6, comes out of its time and random bits', () => {
  const bits = [0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f];
  const uuid = new UuidV7(() => new Uint8Array(bits)).next(0x017f22e279b0);
  expect(uuid).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
});

test('ids are different, well-formed and sorted by their time', () => {
  const made = uuids();
  const ids = Array.from({length: 10_000}, (_, at) => made.next(1_800_000_000_000 + at));
  expect(new Set(ids).size).toBe(ids.length);
  expect([...ids].sort()).toEqual(ids);
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
