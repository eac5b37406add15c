/** Small requests that mean much work, over every dialect: refused, and soon. */
import {beforeAll, describe, expect, test} from 'vitest';
import {concatBytes, utf8} from '../../../src/lib/bytes.ts';
import {INGESTS} from '../support/ingests.ts';
import {gzip} from '../support/gzip.ts';
import {testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';

/** Far more than any of these takes, and far less than what it takes unbounded. */
const TIMEOUT_MS = 20_000;
const BOMB_BYTES = 200_000_000;

let app: TestApp;
let bomb: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  app = await testApp();
  bomb = await zeros(BOMB_BYTES);
}, TIMEOUT_MS);

/** Compressed in pieces; never all of it in memory. */
async function zeros(length: number): Promise<Uint8Array<ArrayBuffer>> {
  const piece = new Uint8Array(1_000_000).fill(0x20);
  let left = length;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left <= 0) return controller.close();
      controller.enqueue(piece);
      left -= piece.byteLength;
    },
  });
  const packed = await new Response(
    source.pipeThrough(new CompressionStream('gzip')),
  ).arrayBuffer();
  return new Uint8Array(packed);
}

/** One for each way to take a body apart. */
const dialects = [
  'a JSON event',
  'NDJSON',
  'a CloudEvent in headers',
  'a structured CloudEvent',
  'a Segment batch',
  'OTLP in JSON',
  'OTLP in protobuf',
  'Confluent v2',
  'Confluent v3',
  'a signed webhook',
];

describe.each(dialects)('%s', (name) => {
  const {send} = INGESTS[name]!;
  const post = async (body: BodyInit, headers: Record<string, string> = {}) => {
    const response = await app.fetch(...(await send(app, {body, headers})));
    return [response.status, await response.text()] as const;
  };
  const encoded = (body: BodyInit, encoding: string) => post(body, {'content-encoding': encoding});

  test(
    '200 MB that come as 200 KB are 413',
    async () => {
      expect(bomb.byteLength).toBeLessThan(250_000);
      expect((await encoded(bomb, 'gzip'))[0]).toBe(413);
    },
    TIMEOUT_MS,
  );

  test('a bomb in a bomb is decompressed once', async () => {
    const [status] = await encoded(await gzip(bomb), 'gzip');
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  });

  test.each(['br', 'zstd', 'gzip, gzip', 'gzip, identity', 'compress', 'gzip;q=1', '__proto__'])(
    'the encoding %s is 415',
    async (encoding) => {
      expect((await encoded('{}', encoding))[0]).toBe(415);
    },
  );

  test.each(['gzip', 'deflate'])('%s that is none, is cut off or goes on is 400', async (name) => {
    const whole = await gzip(utf8('{"a":1}'), name as 'gzip');
    const garbage = [
      utf8('{}'),
      whole.subarray(0, -3),
      concatBytes([whole, utf8('more')]),
      new Uint8Array(0),
    ];
    for (const bytes of garbage) expect((await encoded(bytes as BodyInit, name))[0]).toBe(400);
  });

  test('depth 200,000 is refused', async () => {
    for (const text of ['['.repeat(200_000), `{"a":`.repeat(200_000)]) {
      const [status] = await post(text + '1');
      expect([400, 413, 422]).toContain(status);
    }
  });
});
