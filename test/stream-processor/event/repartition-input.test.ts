import {expect, test} from 'vitest';
import type {Repartition} from '../../../src/define/topology.ts';
import type {TaskEngine} from '../../../stream-processor/engine/task-engine.ts';
import {RepartitionInput} from '../../../stream-processor/event/repartition-input.ts';
import {encodeMark} from '../../../stream-processor/repartition/repartition-codec.ts';

function inputOf(value: Uint8Array) {
  const reasons: string[] = [];
  const input = new RepartitionInput({
    root: {kind: 'events', name: 'by-town.events', partitions: 1} as Repartition,
    writers: 1,
    engine: {} as TaskEngine,
    position: undefined,
    offset: 0n,
    listener: {
      applying: () => {},
      duplicate: () => {},
      hole: () => {},
      invalid: (reason) => void reasons.push(reason),
    },
  });
  const record = {offset: 0n, timestampMs: 0, key: null, value, headers: []};
  input.queue.push({records: [record], nextOffset: 1n});
  return {input, reasons};
}

test('what a newer release wrote is not left out', () => {
  const value = encodeMark({writer: 0, writerTimeMs: 0});
  value[0] = 2;
  const {input} = inputOf(value);
  expect(() => input.applyNext()).toThrow(expect.objectContaining({code: 'REPARTITION_VERSION'}));
  expect(input.queue.count).toBe(1);
});

test('a record that is cut short is left out and counted', () => {
  const {input, reasons} = inputOf(encodeMark({writer: 0, writerTimeMs: 0}).subarray(0, 9));
  input.applyNext();
  expect(reasons).toEqual(['assertion failed: a repartition record has its head']);
  expect(input.queue.count).toBe(0);
});
