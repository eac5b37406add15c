import {expect, test} from 'vitest';
import {nextInput} from '../../../stream-processor/event/next-input.ts';
import {RecordQueue} from '../../../stream-processor/event/record-queue.ts';
import type {RootInput} from '../../../stream-processor/event/root-input.ts';

/** A root whose records that wait have these event times. */
function input(times: readonly (number | null)[]): RootInput {
  const queue = new RecordQueue(0n);
  const records = times.map((_, n) => ({
    offset: BigInt(n),
    timestampMs: 0,
    key: null,
    value: null,
    headers: [],
  }));
  if (records.length > 0) queue.push({records, nextOffset: BigInt(records.length)});
  return {
    root: {kind: 'stream', name: 'any', partitions: 1, stream: undefined as never},
    queue,
    timeMs: null,
    receivedMs: null,
    isIdle: false,
    nextTimeMs: () => times[Number(queue.offset)] ?? null,
    applyNext: () => queue.shift(),
    tick: () => false,
    position: () => ({offset: '0', timeMs: null, receivedMs: null}),
  };
}

const waiting = {isAtEnd: () => false, isPatienceOver: false};

test('the record with the least event time is the next, and one without an event holds up nobody', () => {
  const [a, b] = [input([5, 1]), input([null, 3, 9])];
  const order: RootInput[] = [];
  const options = {inputs: [a, b], isAtEnd: () => true, isPatienceOver: false};
  for (let next = nextInput(options); next !== undefined; next = nextInput(options)) {
    order.push(next);
    next.applyNext();
  }
  expect(order.map((each) => (each === a ? 'a' : 'b')).join('')).toBe('bbaab');
});

test('a root that is still being read holds the others up until it is at its end or takes too long', () => {
  const [a, empty] = [input([5]), input([])];
  const inputs = [a, empty];
  expect(nextInput({...waiting, inputs})).toBeUndefined();
  expect(nextInput({...waiting, inputs, isAtEnd: (each) => each === empty})).toBe(a);
  expect(nextInput({...waiting, inputs, isPatienceOver: true})).toBe(a);
});

test('a single root is never held up', () => {
  const a = input([5]);
  expect(nextInput({...waiting, inputs: [a]})).toBe(a);
  expect(nextInput({...waiting, inputs: [input([])]})).toBeUndefined();
});
