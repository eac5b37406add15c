import {describe, expect, test} from 'vitest';
import * as z from 'zod';
import {apiKey, defineStream} from '../../../src/define/index.ts';
import type {AnyStream} from '../../../src/define/stream.ts';
import type {IncomingRecord} from '../../../src/kafka/ports.ts';
import {eventDecoder} from '../../../stream-processor/event/decode-event.ts';
import {marksOf} from '../../../stream-processor/event/record-marks.ts';

const FORM = 'application/x-www-form-urlencoded';
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

function decode(stream: AnyStream, each: IncomingRecord) {
  return eventDecoder(stream)(each, marksOf(each));
}

describe('the event of a record', () => {
  test('is what the schema makes of its value, under its key', () => {
    expect(decode(timed, record('{"at":5}'))).toMatchObject({
      kind: 'event',
      timed: {key: 'schlüssel', timeMs: 5, event: {at: 5, n: 3}, id: 'input:0'},
    });
  });

  test('is what its fields say when it came as a form, and what its media type says of any JSON', () => {
    const form = defineStream({
      ...common,
      schema: z.object({command: z.string(), files: z.array(z.string())}),
      key: () => '',
    });
    const sent = record('command=%2Fdeploy&files=a&files=b', {'content-type': FORM});
    const event = {command: '/deploy', files: ['a', 'b']};
    expect(decode(form, sent)).toMatchObject({kind: 'event', timed: {event}});
    for (const json of [
      'application/json',
      'application/json; charset=utf-8',
      'application/a+json',
    ])
      expect(decode(untimed, record('{}', {'content-type': json})).kind).toBe('event');
  });

  test('is what the gateway saw: nothing where there is no value, and JSON behind a byte order mark', () => {
    const optional = defineStream({...common, schema: z.object({}).optional(), key: () => ''});
    const gone = {kind: 'event', timed: {key: 'schlüssel', timeMs: 77, event: undefined}};
    expect(decode(optional, record(null))).toMatchObject(gone);
    expect(decode(untimed, record('\uFEFF{}')).kind).toBe('event');
    expect(decode(untimed, record('\uFEFF')).kind).toBe('invalid');
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
    ['JSON that calls itself a form', record('{"at":5}', {'content-type': FORM})],
    ['bytes of another type', record('{"at":5}', {'content-type': 'image/png'})],
    ['a tombstone', record(null)],
    ['without a key', {...record('{"at":5}'), key: null}],
    ['one whose event time throws', record('{"at":13}')],
    ['one whose time is no time', record('{"at":5}', {ce_time: 'soon'})],
    ['one beyond what a date can hold', record('{"at":1e300}')],
  ])('is left out when it is %s', (_name, each) => {
    expect(decode(timed, each).kind).toBe('invalid');
  });
});
