import {expect, test} from 'vitest';
import {sleep} from '../../src/lib/sleep.ts';

const LONG_MS = 600_000;

test('a sleep lasts its time', async () => {
  const startMs = performance.now();
  await sleep(30, new AbortController().signal);
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(29);
});

test('an abort ends a sleep, also one that came before it', async () => {
  const stop = new AbortController();
  const sleeping = sleep(LONG_MS, stop.signal);
  stop.abort();
  await sleeping;
  await sleep(LONG_MS, stop.signal);
});
