import {describe, expect, test} from 'vitest';
import * as z from 'zod';
import {apiKey, defineStream} from '../../../src/define/index.ts';
import type {IncomingRecord} from '../../../src/kafka/ports.ts';
import {eventDecoder} from '../../../stream-processor/event/decode-event.ts';
import {marksOf} from '../../../stream-processor/event/record-marks.ts';

const TIME = '2026-01-01T00:00:00.500Z';
const common = {name: 'input', owner: 'tests', partitions: 1, accept: [apiKey()]};
const timed = defineStream({
  ...common,
  schema: z.object({at: z.number(), n: z.number().default(3)}),
  key: () => '',
  eventTime: ({at}) => {
    if (at === 13) throw new Error('not 13');
    return at;
  },
});
const untimed = defineStream({...common, schema: z.object({}), key: () => ''});

function record(value: string | null, headers: Record<string, string> = {}): IncomingRecord {
  return {
    offset: 0n,
    timestampMs: 77,
    key: Buffer.from('schlüssel'),
    value: value === null ? null : Buffer.from(value),
    headers: Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)] as const),
  };
}

function decode(stream: typeof timed | typeof untimed, each: IncomingRecord) {
  return eventDecoder(stream)(each, marksOf(each));
}

describe('the event of a record', () => {
  test('is what the schema makes of its value, under its key', () => {
    expect(decode(timed, record('{"at":5}'))).toEqual({
      kind: 'event',
      timed: {key: 'schlüssel', timeMs: 5, event: {at: 5, n: 3}},
    });
  });

  test.each([
    ['ce_time', timed, record('{"at":5}', {ce_time: TIME}), Date.parse(TIME)],
    ['the stream’s function', timed, record('{"at":5.9}'), 5],
    ['the record’s timestamp', untimed, record('{}'), 77],
  ] as const)('has its time from %s', (_name, stream, each, timeMs) => {
    expect(decode(stream, each)).toMatchObject({kind: 'event', timed: {timeMs}});
  });

  test.each([
    ['no JSON', record('{')],
    ['not of the schema', record('{"at":"x"}')],
    ['a tombstone', record(null)],
    ['without a key', {...record('{"at":5}'), key: null}],
    ['one whose event time throws', record('{"at":13}')],
    ['one whose time is no time', record('{"at":5}', {ce_time: 'soon'})],
    ['one beyond what a date can hold', record('{"at":1e300}')],
  ])('is left out when it is %s', (_name, each) => {
    expect(decode(timed, each).kind).toBe('invalid');
  });
});
