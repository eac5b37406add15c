import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {
  committedBatches,
  type AbortedTransaction,
  type FilteredBatch,
} from '../../../src/kafka/wire/abort-filter.ts';

type Kind = 'data' | 'commit' | 'abort';

interface Batch extends FilteredBatch {
  readonly kind: Kind;
  readonly baseOffset: bigint;
}

function batch(offset: number, producer: number, kind: Kind = 'data'): Batch {
  return {
    kind,
    baseOffset: BigInt(offset),
    lastOffset: BigInt(offset),
    producerId: BigInt(producer),
    isTransactional: true,
    isControl: kind !== 'data',
  };
}

function range(producer: number, firstOffset: number): AbortedTransaction {
  return {producerId: BigInt(producer), firstOffset: BigInt(firstOffset)};
}

function offsets(batches: readonly Batch[]): readonly number[] {
  return batches.map(({baseOffset}) => Number(baseOffset));
}

test('nested aborts are both left out though the broker lists them by their end', () => {
  const batches = [
    batch(10, 1),
    batch(11, 3),
    batch(12, 2),
    batch(13, 2, 'abort'),
    batch(14, 1),
    batch(15, 1, 'abort'),
    batch(16, 3, 'commit'),
  ];
  expect(offsets(committedBatches(batches, [range(2, 12), range(1, 10)]))).toEqual([11]);
});

test('a range whose marker is not in this fetch lasts to the end of it', () => {
  const batches = [batch(0, 1), batch(1, 2), batch(2, 1)];
  expect(offsets(committedBatches(batches, [range(1, 0)]))).toEqual([1]);
});

test('records outside any transaction are kept, even of a producer with an aborted one', () => {
  const plain = {...batch(1, 1), isTransactional: false};
  expect(offsets(committedBatches([batch(0, 1), plain], [range(1, 0)]))).toEqual([1]);
});

interface Step {
  readonly producer: number;
  readonly kind: Kind;
}

/** A log as producers would write it, and by offset whether its transaction was committed. */
function writeLog(steps: readonly Step[]): {
  readonly batches: readonly Batch[];
  readonly aborted: readonly (AbortedTransaction & {readonly lastOffset: bigint})[];
  readonly committed: ReadonlySet<number>;
} {
  const open = new Map<number, number[]>();
  const batches: Batch[] = [];
  const aborted: (AbortedTransaction & {readonly lastOffset: bigint})[] = [];
  const committed = new Set<number>();
  const write = ({producer, kind}: Step): void => {
    const own = open.get(producer) ?? [];
    const offset = batches.length;
    if (kind !== 'data' && own.length === 0) return;
    batches.push(batch(offset, producer, kind));
    if (kind === 'data') open.set(producer, [...own, offset]);
    else open.delete(producer);
    if (kind === 'commit') for (const at of own) committed.add(at);
    if (kind === 'abort') aborted.push({...range(producer, own[0]!), lastOffset: BigInt(offset)});
  };
  for (const step of steps) write(step);
  for (const producer of open.keys()) write({producer, kind: 'abort'});
  return {batches, aborted, committed};
}

test('whatever is interleaved, and wherever a fetch starts and ends, exactly the committed batches are kept', () => {
  const step = fc.record({
    producer: fc.integer({min: 1, max: 4}),
    kind: fc.constantFrom<Kind>('data', 'data', 'data', 'commit', 'abort'),
  });
  fc.assert(
    fc.property(fc.array(step, {maxLength: 60}), fc.nat(60), fc.nat(60), (steps, start, length) => {
      const {batches, aborted, committed} = writeLog(steps);
      const fetched = batches.slice(start, start + length);
      // A broker's list: the aborted transactions that overlap the fetch, by their end.
      const first = BigInt(start);
      const upTo = BigInt(start + length);
      const listed = aborted.filter((a) => a.lastOffset >= first && a.firstOffset < upTo);
      const expected = fetched.map((b) => Number(b.baseOffset)).filter((at) => committed.has(at));
      expect(offsets(committedBatches(fetched, listed))).toEqual(expected);
    }),
  );
});
