import {expect, test} from 'vitest';
import {LiveFeed, type LiveEntry} from '../../../stream-processor/query/live-feed.ts';

const LONG_MS = 10_000;
let ids = 0;

function feedAt(nowMs: () => number): LiveFeed {
  return new LiveFeed({clock: {nowMs}, newId: () => `feed-${ids++}`});
}

function delta(n: number, rows = 1): LiveEntry {
  const row = {key: `k${n}`, start: n, end: n + 1, final: false};
  return {kind: 'delta', partition: 0, upsert: Array.from({length: rows}, () => row), delete: []};
}

function readAll(feed: LiveFeed, from: string): LiveEntry[] | 'lost' {
  const read: LiveEntry[] = [];
  for (let place = from; ;) {
    const next = feed.after(place);
    if (next === 'end') return read;
    if (next === 'lost') return 'lost';
    read.push(next.entry);
    place = next.place;
  }
}

test('a reader gets every entry behind its place, once and in order', () => {
  const feed = feedAt(() => 0);
  const start = feed.place;
  feed.push(delta(1));
  const middle = feed.place;
  feed.push(delta(2));
  expect(readAll(feed, start)).toEqual([delta(1), delta(2)]);
  expect(readAll(feed, middle)).toEqual([delta(2)]);
  expect(feed.after(feed.place)).toBe('end');
});

test('a reader that is too slow has lost its place, however few or large the entries', () => {
  const few = feedAt(() => 0);
  const many = feedAt(() => 0);
  const [fewStart, manyStart] = [few.place, many.place];
  for (let n = 0; n < 5; n++) few.push(delta(n, 9_000));
  for (let n = 0; n < 5_000; n++) many.push(delta(n));
  expect(readAll(few, fewStart)).toBe('lost');
  expect(readAll(many, manyStart)).toBe('lost');
});

test('places of before a reset, of another feed, and nonsense are lost', () => {
  const feed = feedAt(() => 0);
  const place = feed.place;
  const other = feedAt(() => 0);
  expect([other.place, 'reset', '', '1.2.3'].map((each) => feed.after(each))).toEqual(
    Array.from({length: 4}, () => 'lost'),
  );
  feed.reset();
  expect(feed.after(place)).toBe('lost');
});

test('a feed goes on for a while without readers, and then starts over', () => {
  let nowMs = 0;
  const feed = feedAt(() => nowMs);
  expect(feed.isActive()).toBe(false);
  const leave = feed.enter();
  const place = feed.place;
  leave();
  nowMs = 59_999;
  expect(feed.isActive()).toBe(true);
  expect(feed.after(place)).toBe('end');
  nowMs = 60_000;
  expect(feed.isActive()).toBe(false);
  expect(feed.after(place)).toBe('lost');
});

test('a waiting reader wakes with the next change, or when its time is over', async () => {
  const feed = feedAt(() => 0);
  const change = feed.waitForChange(LONG_MS);
  feed.push(delta(1));
  expect(await change).toBe(true);
  expect(await feed.waitForChange(1)).toBe(false);
});
