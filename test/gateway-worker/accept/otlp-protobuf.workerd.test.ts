/** `POST /v1/logs` in protobuf: exact where it is right, and never more than a 4xx where it is not. */
import fc from 'fast-check';
import {PbfReader, PbfWriter} from 'pbf';
import {beforeAll, describe, expect, test} from 'vitest';
import {concatBytes, utf8} from '../../../src/lib/bytes.ts';
import {storedWith} from '../support/stored-with.ts';
import {testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';

const PROTOBUF = {'content-type': 'application/x-protobuf'};
const SEED = Number(crypto.getRandomValues(new Uint32Array(1))[0]);

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});

const post = (body: unknown, headers?: Record<string, string>) =>
  app.post('/v1/logs', body, headers);
const stored = (marker: string) => storedWith({stream: 'otel-logs', partitions: 2, marker});

/** Length-delimited field. */
function field(number: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeBytesField(number, concatBytes(parts));
  return pbf.finish();
}
const text = (number: number, value: string) => field(number, utf8(value));
const logExport = (...record: readonly Uint8Array[]) => field(1, field(2, field(2, ...record)));
const body = (marker: string) => field(5, text(1, marker));
const TIME = new Uint8Array([0x09, 1, 2, 3, 4, 5, 6, 7, 8]);

const LOG = field(2, TIME);

describe('OTLP/protobuf', () => {
  test('every kind of value has its form in OTLP/JSON, exact to the last bit', async () => {
    const marker = crypto.randomUUID();
    const int64 = new Uint8Array([
      0x18, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01,
    ]);
    const nan = new Uint8Array([0x21, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f]);
    const minusZero = new Uint8Array([0x21, 0, 0, 0, 0, 0, 0, 0, 0x80]);
    const attribute = (key: string, value: Uint8Array) => field(6, text(1, key), field(2, value));
    const response = await post(
      logExport(
        TIME,
        new Uint8Array([0x10, 17]),
        body(`${marker} ☃`),
        attribute('min', int64),
        attribute('nan', nan),
        attribute('zero', minusZero),
        attribute('no', new Uint8Array([0x10, 0])),
        attribute('bytes', field(7, new Uint8Array([0, 255]))),
        attribute('list', field(5, field(1, text(1, 'a')), field(1))),
        attribute('map', field(6, field(1, text(1, '__proto__'), field(2, text(1, 'v'))))),
        field(9, new Uint8Array(16).fill(0xab)),
        text(999, 'unknown'),
        new Uint8Array([0x45, 1, 0, 0, 0]),
      ),
      PROTOBUF,
    );
    expect([response.status, (await response.arrayBuffer()).byteLength]).toEqual([200, 0]);
    const [record] = await stored(marker);
    expect(JSON.parse(record!.value!)).toEqual({
      timeUnixNano: '578437695752307201',
      severityNumber: 17,
      body: {stringValue: `${marker} ☃`},
      attributes: [
        {key: 'min', value: {intValue: '-9223372036854775808'}},
        {key: 'nan', value: {doubleValue: 'NaN'}},
        {key: 'zero', value: {doubleValue: '-0'}},
        {key: 'no', value: {boolValue: false}},
        {key: 'bytes', value: {bytesValue: 'AP8='}},
        {key: 'list', value: {arrayValue: {values: [{stringValue: 'a'}, {}]}}},
        {
          key: 'map',
          value: {kvlistValue: {values: [{key: '__proto__', value: {stringValue: 'v'}}]}},
        },
      ],
      traceId: 'ab'.repeat(16),
      flags: 1,
    });
    expect(record?.key).toBe('unknown');
  });

  test('a resource that comes after its records, and in two parts, is theirs all the same', async () => {
    const marker = crypto.randomUUID();
    const attribute = (key: string, value: string) =>
      field(1, text(1, key), field(2, text(1, value)));
    await post(
      field(
        1,
        field(2, field(2, TIME, body(marker))),
        field(1, attribute('a', 'b')),
        field(1, attribute('service.name', 'late')),
      ),
      PROTOBUF,
    );
    expect((await stored(marker))[0]?.key).toBe('late');
  });

  test('a rejected record is a partial success in protobuf', async () => {
    const response = await post(logExport(field(9, new Uint8Array(3))), PROTOBUF);
    expect(response.status).toBe(200);
    const pbf = new PbfReader(new Uint8Array(await response.arrayBuffer()));
    const partial: Record<string, unknown> = {};
    expect(pbf.nextField()).toBe(1);
    pbf.readMessage((tag, into) => {
      if (tag === 1) into['rejected'] = pbf.readVarint();
      if (tag === 2) into['message'] = pbf.readString();
    }, partial);
    expect(partial).toEqual({rejected: 1, message: expect.stringContaining('#/traceId')});
  });

  test.each([
    ['a length beyond the body', new Uint8Array([0x0a, 0x7f, 0])],
    [
      'a length of 2⁶³',
      new Uint8Array([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
    ],
    [
      'a part that is longer than its whole',
      new Uint8Array([0x0a, 2, 0x12, 0x7f, ...new Uint8Array(200)]),
    ],
    // What follows would be a good log record.
    [
      'a part that reaches beyond its whole',
      concatBytes([new Uint8Array([0x0a, 2, 0x12, LOG.length]), LOG]),
    ],
    ['a varint of 11 bytes', new Uint8Array([0x0a, ...new Uint8Array(11).fill(0xff)])],
    ['a 10 MB varint', new Uint8Array(10_000_000).fill(0xff)],
    [
      'a 9 MB unknown varint',
      concatBytes([new Uint8Array([0x78]), new Uint8Array(9_000_000).fill(0xff)]),
    ],
    ['a cut fixed64', logExport(TIME.subarray(0, 5))],
    ['a cut tag', new Uint8Array([0x80])],
    ['a tag without a value', new Uint8Array([0x0a])],
    ['field number 0', new Uint8Array([0x02, 0x00])],
    ['a group', new Uint8Array([0x0b, 0x0c])],
    ['a wire type that does not exist', new Uint8Array([0x0f])],
    ['text that is no UTF-8', logExport(field(3, new Uint8Array([0xc3, 0x28])))],
    ['half a surrogate pair', logExport(field(3, new Uint8Array([0xed, 0xa0, 0x80])))],
    ['JSON', utf8('{"resourceLogs":[]}')],
  ])('400 for %s', async (_, bytes) => {
    const response = await post(bytes, PROTOBUF);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/x-protobuf');
  });

  test('nesting is bounded, whatever its lengths say', async () => {
    let value = text(1, 'x');
    for (let level = 0; level < 5_000; level += 1) value = field(5, field(1, value));
    expect((await post(logExport(field(5, value)), PROTOBUF)).status).toBe(400);
  });

  test('millions of empty parts are refused before they are objects', async () => {
    const parts = new Uint8Array(8_000_000);
    for (let at = 0; at < parts.length; at += 2) parts[at] = 0x0a;
    expect((await post(parts, PROTOBUF)).status).toBe(413);
  });

  test('no bytes make it fail: an answer of 200 or 4xx for any', async () => {
    const pieces = fc.oneof(
      fc.uint8Array({maxLength: 60}),
      fc.constantFrom(TIME, body('x'), logExport(TIME), field(5, text(1, 'y'))),
    );
    const bytes = fc.array(pieces, {maxLength: 6}).map((parts) => concatBytes(parts));
    const wrapped = fc.tuple(bytes, fc.nat({max: 4})).map(([inner, levels]) => {
      let whole = inner;
      for (let level = 0; level < levels; level += 1) whole = field(1 + (level % 2), whole);
      return whole;
    });
    await fc.assert(
      fc.asyncProperty(wrapped, async (sent) => {
        const {status} = await post(sent, PROTOBUF);
        expect(status === 200 || (status >= 400 && status < 500)).toBe(true);
      }),
      {seed: SEED, numRuns: 300},
    );
  });

  test('a true export with any one byte changed is never more than wrong', async () => {
    const whole = logExport(
      TIME,
      body('mutated'),
      field(6, text(1, 'k'), field(2, field(5, field(1, text(1, 'v'))))),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat({max: whole.length - 1}), fc.nat({max: 255}), async (at, byte) => {
        const changed = whole.slice();
        changed[at] = byte;
        const {status} = await post(changed, PROTOBUF);
        expect([200, 400]).toContain(status);
      }),
      {seed: SEED, numRuns: 300},
    );
  });
});
