/** What hostile senders make of honest requests, for fast-check. */
import fc from 'fast-check';
import {concatBytes, fromUtf8, utf8} from '../../../src/lib/bytes.ts';

/** JSON texts that some reader somewhere takes for another value, or falls over. */
const TOKENS = [
  '1e400',
  '-0',
  '9007199254740993',
  '1e-400',
  '"\\u0000"',
  '"\\ud800"',
  '"\\u001b[31m"',
  '"__proto__"',
  '"constructor"',
  '"toString"',
  '"hasOwnProperty"',
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '"2026-02-30T00:00:00Z"',
  '"+275760-09-13T00:00:00.001Z"',
  '"-000001-01-01T00:00:00Z"',
  `"${'x'.repeat(10_000)}"`,
  '['.repeat(70) + ']'.repeat(70),
  `[${'0,'.repeat(3_000)}0]`,
  'null',
  'true',
  '[]',
  '{}',
  '""',
  '\ufeff',
  ',',
  ':',
];
const BYTES = [[0x00], [0xff], [0xed, 0xa0, 0x80], [0xef, 0xbb, 0xbf], [0xc0, 0x80], [0x0d, 0x0a]];
const JSON_TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[[\]{},:]/g;

type Change = (bytes: Uint8Array) => Uint8Array;

const place = fc.nat(1_000_000);
const bits = fc
  .tuple(place, fc.integer({min: 1, max: 255}))
  .map(([at, mask]): Change => (bytes) => {
    const changed = bytes.slice();
    if (changed.length > 0) changed[at % changed.length]! ^= mask;
    return changed;
  });
const cut = place.map(
  (at): Change =>
    (bytes) =>
      bytes.slice(0, at % (bytes.length + 1)),
);
const repeated = fc
  .tuple(place, fc.integer({min: 1, max: 80}))
  .map(([at, length]): Change => (bytes) => {
    const start = at % (bytes.length + 1);
    const part = bytes.subarray(start, start + length);
    return concatBytes([bytes.subarray(0, start), part, bytes.subarray(start)]);
  });
const inserted = fc.tuple(place, fc.constantFrom(...BYTES)).map(([at, put]): Change => (bytes) => {
  const start = at % (bytes.length + 1);
  return concatBytes([bytes.subarray(0, start), new Uint8Array(put), bytes.subarray(start)]);
});
const swapped = fc
  .tuple(place, fc.constantFrom(...TOKENS))
  .map(([at, token]): Change => (bytes) => {
    const text = fromUtf8(bytes);
    const found = [...text.matchAll(JSON_TOKEN)];
    if (found.length === 0) return bytes;
    const {0: old, index} = found[at % found.length]!;
    return utf8(text.slice(0, index) + token + text.slice(index + old.length));
  });

/** One or several changes of a valid body. */
export const bodyChange: fc.Arbitrary<Change> = fc
  .array(fc.oneof({weight: 3, arbitrary: swapped}, bits, cut, repeated, inserted), {
    minLength: 1,
    maxLength: 3,
  })
  .map((changes) => (bytes) => changes.reduce((changed, change) => change(changed), bytes));

/** Nothing like a valid body. */
export const anyBody = fc.oneof(
  fc.uint8Array({maxLength: 400}),
  fc.json().map(utf8),
  fc.constantFrom(...TOKENS).map(utf8),
);

const HEADER_NAMES = [
  'content-type',
  'content-encoding',
  'content-length',
  'transfer-encoding',
  'idempotency-key',
  'prefer',
  'traceparent',
  'tracestate',
  'authorization',
  'cookie',
  'x-http-method-override',
  'x-forwarded-for',
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
  'webhook-request-origin',
  'ce-specversion',
  'ce-id',
  'ce-source',
  'ce-time',
  'ce-type',
  'ce-__proto__',
  'ce-constructor',
  'ce-partitionkey',
  'sec-websocket-protocol',
  '__proto__',
  'constructor',
];
/** What `Request` allows of ASCII; the runtime complains about the rest, which test/…/raw-http.e2e.test.ts sends. */
const headerValue = fc.oneof(
  fc.string({
    unit: fc.integer({min: 0x21, max: 0x7e}).map((code) => String.fromCharCode(code)),
    maxLength: 60,
  }),
  fc.constantFrom(
    '',
    'x'.repeat(20_000),
    `"${'\\'.repeat(5_000)}`,
    '%00',
    '%ff',
    '%0d%0aset-cookie: a=b',
    'Bearer',
    'Bearer a, Bearer b',
    'Basic ====',
    'gzip',
    'br',
    'chunked',
    '-1',
    '1e9',
    'application/json',
    'constructor',
    '__proto__',
    'application/x-ndjson',
    'application/x-protobuf',
    'application/cloudevents+json',
    'application/cloudevents-batch+json',
    'application/cloudevents+avro',
    'application/json; charset=utf-16',
    'application/vnd.kafka.avro.v2+json',
    'text/plain',
    'multipart/form-data; boundary=a',
    '1.0',
    'return=representation',
  ),
);

export const headerChanges: fc.Arbitrary<Readonly<Record<string, string>>> = fc
  .array(fc.tuple(fc.constantFrom(...HEADER_NAMES), headerValue), {maxLength: 3})
  .map((entries) => Object.fromEntries(entries));

/** A segment of a path, as it stands in a URL. */
export const pathSegment = fc.oneof(
  fc.constantFrom(
    '..',
    '%2e%2e',
    '%2E',
    '%2f',
    'readings%2f..',
    '%00',
    'readings%00',
    '%',
    '%zz',
    '%ff',
    '%ed%a0%80',
    '%25',
    '%2525',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'readings.rejected',
    '_test.audit',
    'READINGS',
    'readings;a=b',
    ':stream',
    '*',
    'ünïcode',
    '\ud83d\ude00',
    'a'.repeat(10_000),
    '-1',
    '1e3',
    '0x0',
    '99999999999999999999',
  ),
  fc.string({maxLength: 20}).map((text) => encodeURIComponent(text.toWellFormed())),
);

export const query = fc.oneof(
  fc.constant(''),
  fc
    .array(
      fc.tuple(
        fc.constantFrom(
          'limit',
          'cursor',
          'after',
          'device',
          'client',
          'async',
          'validationToken',
          'crc_token',
          'hub.mode',
          'hub.challenge',
          'hub.verify_token',
          '__proto__',
          'key',
        ),
        fc.oneof(pathSegment, fc.constantFrom('0', '1', 'true', 'subscribe', '')),
      ),
      {maxLength: 4},
    )
    .map((entries) => `?${entries.map(([name, value]) => `${name}=${value}`).join('&')}`),
);

/** Of every object of the language: names no request may add to. */
export function prototypeNames(): string {
  return JSON.stringify(
    [Object, Array, String, Function, Map, Uint8Array].map(({prototype}) =>
      Object.getOwnPropertyNames(prototype),
    ),
  );
}
