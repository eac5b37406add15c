import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {
  decodeRepartition,
  encodeEvent,
  encodeMark,
  encodePartial,
  eventTimeOf,
  setWriterTime,
} from '../../../stream-processor/repartition/repartition-codec.ts';

const head = fc.record({
  writer: fc.nat(0xffff_ffff),
  writerTimeMs: fc.oneof(
    fc.maxSafeInteger(),
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY),
  ),
});

test('marks, events and partials are what they were when they are read', () => {
  fc.assert(
    fc.property(
      head,
      fc.string({unit: 'binary'}),
      fc.maxSafeInteger(),
      fc.json(),
      fc.uint8Array(),
      (said, key, atMs, json, partial) => {
        const bytes = Buffer.from(key);
        expect(decodeRepartition({key: null, value: encodeMark(said)})).toEqual({
          kind: 'mark',
          ...said,
        });
        const event = encodeEvent(said, atMs, json);
        expect(decodeRepartition({key: bytes, value: event})).toEqual({
          kind: 'event',
          ...said,
          key,
          timeMs: atMs,
          event: JSON.parse(json),
        });
        const decoded = decodeRepartition({
          key: bytes,
          value: encodePartial(said, atMs, partial),
        });
        expect(decoded).toMatchObject({kind: 'partial', ...said, key, startMs: atMs});
        expect([...(decoded as {partial: Uint8Array}).partial]).toEqual([...partial]);
      },
    ),
    {numRuns: 100},
  );
});

test('the time of an event is known without reading it', () => {
  const said = {writer: 1, writerTimeMs: 5};
  expect(eventTimeOf(encodeEvent(said, 1_234, '{}'))).toBe(1_234);
  expect(eventTimeOf(encodeMark(said))).toBeNull();
  expect(eventTimeOf(encodePartial(said, 1_234, new Uint8Array()))).toBeNull();
  expect(eventTimeOf(null)).toBeNull();
  expect(eventTimeOf(Uint8Array.of(1, 1))).toBeNull();
});

test('the time of the writer can be set when it is known', () => {
  const value = encodePartial({writer: 1, writerTimeMs: Number.NaN}, 0, Uint8Array.of(1));
  setWriterTime(value, 77);
  expect(decodeRepartition({key: Buffer.from('a'), value})).toMatchObject({
    writer: 1,
    writerTimeMs: 77,
    startMs: 0,
  });
});

test('records of another version are refused with what to do', () => {
  const value = encodeMark({writer: 0, writerTimeMs: 0});
  value[0] = 2;
  // Their head may be a shorter one.
  for (const each of [value, value.subarray(0, 3)]) {
    expect(() => decodeRepartition({key: null, value: each})).toThrow(
      expect.objectContaining({code: 'REPARTITION_VERSION', hint: 'run the release that wrote it'}),
    );
  }
});
