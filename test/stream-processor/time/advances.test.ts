import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {MemoryKeyedStore} from '../../../stream-processor/state/memory-keyed-store.ts';
import {AdvanceReplay} from '../../../stream-processor/time/advance-replay.ts';
import {advanceCodec, Advances, ADVANCES_STORE} from '../../../stream-processor/time/advances.ts';
import {RootClock} from '../../../stream-processor/time/root-clock.ts';

const ROOT = 'readings';
const IDLE_MS = 5_000;
const SIZE_MS = 10_000;

function newStore(): MemoryKeyedStore<number> {
  return new MemoryKeyedStore({name: ADVANCES_STORE, codec: advanceCodec});
}

/** Windows as far as time decides about them: what was late, and how many were closed before each event. */
class Decisions {
  readonly made: string[] = [];
  readonly #open = new Set<number>();
  #timeMs = Number.NEGATIVE_INFINITY;

  advance(timeMs: number): void {
    this.#timeMs = Math.max(this.#timeMs, timeMs);
    for (const startMs of [...this.#open].toSorted((a, b) => a - b)) {
      if (startMs + SIZE_MS > this.#timeMs) continue;
      this.#open.delete(startMs);
      this.made.push(`close ${startMs}`);
    }
  }

  take(timeMs: number): void {
    this.advance(timeMs);
    const startMs = Math.floor(timeMs / SIZE_MS) * SIZE_MS;
    if (startMs + SIZE_MS <= this.#timeMs) this.made.push(`late ${timeMs}`);
    else this.#open.add(startMs);
  }
}

type Step =
  | {readonly kind: 'event'; readonly timeMs: number}
  | {readonly kind: 'quiet'; readonly ms: number}
  /** Offsets without a record: control records. */
  | {readonly kind: 'gap'}
  /** What waits begins anew; time is as committed. */
  | {readonly kind: 'restart'};

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({kind: fc.constant('event' as const), timeMs: fc.nat(200_000)}),
  fc.record({kind: fc.constant('quiet' as const), ms: fc.nat(40_000)}),
  fc.constant({kind: 'gap' as const}),
  fc.constant({kind: 'restart' as const}),
);

test('the log read again with the marks gives the same late events and the same closings', () => {
  fc.assert(
    fc.property(fc.array(step, {maxLength: 40}), (steps) => {
      const {log, marks, made} = live(steps);
      const again = new Decisions();
      const replay = new AdvanceReplay(marks);
      for (const {offset, timeMs} of log) {
        const beforeMs = replay.before(offset);
        if (beforeMs !== null) again.advance(beforeMs);
        again.take(timeMs);
      }
      const restMs = replay.before(BigInt(Number.MAX_SAFE_INTEGER));
      if (restMs !== null) again.advance(restMs);
      expect(again.made).toEqual(made);
    }),
    {numRuns: 100},
  );
});

/** A task's life, with a commit after every step. */
function live(steps: readonly Step[]) {
  const store = newStore();
  const advances = new Advances(store);
  const decisions = new Decisions();
  const log: {offset: bigint; timeMs: number}[] = [];
  let clock = new RootClock(IDLE_MS, null);
  let nowMs = 1_000_000;
  let offset = 0n;
  for (const each of steps) {
    if (each.kind === 'event') {
      clock.observe(each.timeMs);
      decisions.take(each.timeMs);
      log.push({offset, timeMs: each.timeMs});
      offset += 1n;
    } else if (each.kind === 'gap') offset += 2n;
    else if (each.kind === 'restart') clock = new RootClock(IDLE_MS, clock.timeMs);
    else {
      for (const endMs = nowMs + each.ms; nowMs < endMs; nowMs += 700) {
        if (!clock.tick(nowMs, true)) continue;
        advances.note(ROOT, offset, clock.timeMs!);
        decisions.advance(clock.timeMs!);
      }
    }
    store.markCommitted();
  }
  return {log, marks: advances.of(ROOT), made: decisions.made};
}

test('several steps at one offset leave one mark, and a mark is seen when it is committed', () => {
  const store = newStore();
  const advances = new Advances(store);
  advances.note(ROOT, 7n, 1_000);
  advances.note(ROOT, 7n, 2_000);
  expect(advances.of(ROOT)).toEqual([]);
  expect([...store.changes()]).toHaveLength(1);
  store.markCommitted();
  expect(advances.of(ROOT)).toEqual([{at: 7, value: 2_000}]);
});

test('marks of what retention has removed are removed, and no other', () => {
  const store = newStore();
  const advances = new Advances(store);
  for (const offset of [3n, 5n, 9n]) advances.note(ROOT, offset, Number(offset) * 1_000);
  advances.note('other', 3n, 1);
  store.markCommitted();
  advances.forget(ROOT, 5n);
  store.markCommitted();
  expect(advances.of(ROOT).map(({at}) => at)).toEqual([5, 9]);
  expect(advances.of('other')).toHaveLength(1);
});

test('a mark is the same after it was written and read', () => {
  fc.assert(
    fc.property(fc.integer(), (timeMs) => {
      expect(advanceCodec.decode(advanceCodec.encode(timeMs))).toBe(timeMs);
    }),
  );
});
