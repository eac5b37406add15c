/** OpenTelemetry's own exporters, JSON and protobuf, as an application uses them: their logs arrive in Kafka. */
import {createServer} from 'node:http';
import type {IncomingMessage} from 'node:http';
import type {AddressInfo} from 'node:net';
import {buffer} from 'node:stream/consumers';
import {diag, DiagLogLevel, SeverityNumber} from '@opentelemetry/api';
import type {AnyValue} from '@opentelemetry/api';
import {OTLPLogExporter as JsonExporter} from '@opentelemetry/exporter-logs-otlp-http';
import {OTLPLogExporter as ProtobufExporter} from '@opentelemetry/exporter-logs-otlp-proto';
import {resourceFromAttributes} from '@opentelemetry/resources';
import {BatchLogRecordProcessor, LoggerProvider} from '@opentelemetry/sdk-logs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {startJudgeRun} from './support/judge-run.ts';
import type {ArrivedRecord, JudgeRun} from './support/judge-run.ts';

const SEED = Math.floor(Math.random() * 2 ** 31);
const EXPORTERS = {json: JsonExporter, protobuf: ProtobufExporter} as const;
type Form = keyof typeof EXPORTERS;
const FORMS = Object.keys(EXPORTERS) as Form[];

let run: JudgeRun;
let proxy: Proxy;
/** What the exporters say to their users. */
const said: string[] = [];
const note = (...words: unknown[]) => void said.push(words.map(String).join(' '));

beforeAll(async () => {
  run = await startJudgeRun({pipelinePath: 'test/judges/support/otlp-pipeline.ts'});
  proxy = await startProxy(run.url);
  diag.setLogger(
    {verbose: () => undefined, debug: () => undefined, info: note, warn: note, error: note},
    DiagLogLevel.WARN,
  );
});
afterAll(async () => {
  diag.disable();
  await proxy.stop();
  await run.end();
});

interface Proxy {
  readonly url: string;
  /** The content encoding of each request so far. */
  readonly seen: readonly (string | undefined)[];
  /** The next answer is lost: the gateway has done its work, and its client is told 503. */
  loseNextAnswer(): void;
  stop(): Promise<void>;
}

async function startProxy(target: string): Promise<Proxy> {
  const seen: (string | undefined)[] = [];
  let losesNext = false;
  const server = createServer((request, response) => {
    seen.push(request.headers['content-encoding']);
    const isLost = losesNext;
    losesNext = false;
    void forward(target, request).then(async (answer) => {
      if (isLost) response.writeHead(503, {'retry-after': '1'}).end();
      else {
        const headers = {'content-type': answer.headers.get('content-type') ?? ''};
        response.writeHead(answer.status, headers).end(Buffer.from(await answer.arrayBuffer()));
      }
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    loseNextAnswer: () => {
      losesNext = true;
    },
    stop: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

async function forward(target: string, request: IncomingMessage): Promise<Response> {
  const names = ['authorization', 'content-type', 'content-encoding'];
  const headers = names.flatMap((name) => {
    const value = request.headers[name];
    return typeof value === 'string' ? [[name, value] as [string, string]] : [];
  });
  return fetch(`${target}${request.url}`, {method: 'POST', headers, body: await buffer(request)});
}

interface Exported {
  readonly service: string;
  readonly forms?: readonly Form[];
  readonly url?: string;
}

/** Logs through a provider of its own, as a process that starts, logs and ends. */
async function exportLogs(
  {service, forms = FORMS, url = run.url}: Exported,
  emit: (logger: ReturnType<LoggerProvider['getLogger']>) => void,
): Promise<void> {
  const headers = {authorization: `Bearer ${run.ingestKey}`};
  const provider = new LoggerProvider({
    resource: resourceFromAttributes({'service.name': service, 'host.cpus': 8}),
    processors: forms.map(
      (form) =>
        new BatchLogRecordProcessor({
          exporter: new EXPORTERS[form]({url: `${url}/v1/logs`, headers}),
        }),
    ),
  });
  emit(provider.getLogger('judge', '1.2.3'));
  await provider.shutdown();
}

let arrivedBefore = 0;
/** The records that came since the last look. */
async function arrivedSince(count: number): Promise<readonly ArrivedRecord[]> {
  const records = await run.arrived('logs', arrivedBefore + count);
  arrivedBefore += count;
  return records;
}

async function arrivedOf(service: string, count: number): Promise<readonly StoredLog[]> {
  const records = await arrivedSince(count);
  return records
    .filter(({key}) => key === service)
    .map((record) => JSON.parse(record.value!) as StoredLog);
}

interface StoredLog {
  readonly timeUnixNano: string;
  readonly severityNumber: number;
  readonly body: unknown;
  readonly attributes: readonly {readonly key: string; readonly value: unknown}[];
  readonly [name: string]: unknown;
}

test.each(FORMS)(
  'what the %s exporter sends is in Kafka, whole and under its service',
  async (form) => {
    const service = `plain-${form}`;
    const timestamp = [1_700_000_000, 123_456_789] as [number, number];
    await exportLogs({service, forms: [form]}, (logger) =>
      logger.emit({
        timestamp,
        severityNumber: SeverityNumber.INFO,
        severityText: 'INFO',
        body: {message: 'Grüße ☃ 🦊', parts: [1, 'two', {three: true}]},
        attributes: {
          'http.status': 200,
          ratio: 0.25,
          ok: false,
          tags: ['a', 'b'],
          'naïve ключ': 'ü',
        },
      }),
    );
    const records = await arrivedSince(1);
    const record = records.find(({key}) => key === service);
    expect(record?.headers).toMatchObject({
      ce_type: 'logs',
      ce_source: '/v1/logs',
      ce_time: '2023-11-14T22:13:20.123Z',
      'content-type': 'application/json',
    });
    const log = JSON.parse(record!.value!) as StoredLog;
    expect(log).toMatchObject({
      timeUnixNano: '1700000000123456789',
      severityNumber: SeverityNumber.INFO,
      severityText: 'INFO',
      scope: {name: 'judge', version: '1.2.3'},
    });
    expect(plain(log.body)).toEqual({message: 'Grüße ☃ 🦊', parts: [1, 'two', {three: true}]});
    expect(plain({kvlistValue: {values: log.attributes}})).toEqual({
      'http.status': 200,
      ratio: 0.25,
      ok: false,
      tags: ['a', 'b'],
      'naïve ключ': 'ü',
    });
    expect(JSON.stringify(log['resource'])).toContain('"host.cpus"');
  },
);

test('gzip, as an environment variable turns it on', async () => {
  process.env['OTEL_EXPORTER_OTLP_COMPRESSION'] = 'gzip';
  try {
    await exportLogs({service: 'zipped', url: proxy.url}, (logger) =>
      logger.emit({severityNumber: SeverityNumber.TRACE, body: 'z'.repeat(10_000)}),
    );
  } finally {
    delete process.env['OTEL_EXPORTER_OTLP_COMPRESSION'];
  }
  expect(proxy.seen.slice(-2)).toEqual(['gzip', 'gzip']);
  expect((await arrivedOf('zipped', 2)).map(({body}) => plain(body))).toEqual([
    'z'.repeat(10_000),
    'z'.repeat(10_000),
  ]);
});

describe('both exporters say the same', () => {
  const text = fc.string({unit: 'grapheme', maxLength: 30});
  const scalar = fc.oneof(
    text,
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.double({noNaN: true, noDefaultInfinity: true}).filter((value) => !Object.is(value, -0)),
    fc.uint8Array({maxLength: 20}),
  );
  const {value} = fc.letrec<{value: AnyValue}>((tie) => ({
    value: fc.oneof(
      {depthSize: 'small', maxDepth: 5},
      scalar,
      fc.array(tie('value'), {maxLength: 4}),
      fc.dictionary(text, tie('value'), {maxKeys: 4, noNullPrototype: true}),
    ),
  }));

  test('of any body and attributes', async () => {
    const count = 200;
    const bodies = fc.sample(value, {seed: SEED, numRuns: count});
    await exportLogs({service: 'any'}, (logger) => {
      for (const [index, body] of bodies.entries())
        logger.emit({
          timestamp: [1_700_000_000, index],
          severityNumber: SeverityNumber.DEBUG,
          body,
          attributes: {index, nested: {of: body}},
        });
    });
    const logs = await arrivedOf('any', 2 * count);
    expect(logs).toHaveLength(2 * count);
    for (const [index, body] of bodies.entries()) {
      const pair = logs.filter(
        ({timeUnixNano}) =>
          timeUnixNano === String(1_700_000_000n * 1_000_000_000n + BigInt(index)),
      );
      const expected = comparable(body);
      expect(
        pair.map((log) => plain(log.body)),
        `seed ${SEED}`,
      ).toEqual([expected, expected]);
      const attributes = {index, nested: {of: expected}};
      expect(
        pair.map((log) => plain({kvlistValue: {values: log.attributes}})),
        `seed ${SEED}`,
      ).toEqual([attributes, attributes]);
    }
  });
});

test.each(FORMS)(
  'the %s exporter is told of rejected records, once, and drops them',
  async (form) => {
    said.length = 0;
    const seen = proxy.seen.length;
    await exportLogs({service: `half-${form}`, forms: [form], url: proxy.url}, (logger) => {
      logger.emit({severityNumber: SeverityNumber.INFO, body: 'good'});
      logger.emit({body: 'bad, for it has no severity'});
    });
    expect(proxy.seen.length - seen).toBe(1);
    expect(said.join('\n')).toMatch(/Partial Success.*1 of 2 log records.*#\/severityNumber/s);
    expect(await arrivedOf(`half-${form}`, 1)).toHaveLength(1);
  },
);

test.each(FORMS)(
  'an export whose answer was lost is sent again by the %s exporter and stored once',
  async (form) => {
    const seen = proxy.seen.length;
    proxy.loseNextAnswer();
    await exportLogs({service: `again-${form}`, forms: [form], url: proxy.url}, (logger) => {
      for (let n = 0; n < 50; n += 1) logger.emit({severityNumber: SeverityNumber.INFO, body: n});
    });
    expect(proxy.seen.length - seen).toBe(2);
    const logs = await arrivedOf(`again-${form}`, 50);
    expect(logs.map(({body}) => plain(body))).toEqual(Array.from({length: 50}, (_, n) => n));
  },
);

/** An AnyValue as the value it stands for; bytes as their base64. */
function plain(any: unknown): unknown {
  const [[kind, value] = ['none', null]] = Object.entries((any ?? {}) as Record<string, unknown>);
  if (kind === 'intValue' || kind === 'doubleValue') return Number(value);
  if (kind === 'arrayValue') return listOf(value).map(plain);
  if (kind !== 'kvlistValue') return value;
  const entries = listOf(value) as readonly {readonly key: string; readonly value?: unknown}[];
  return Object.fromEntries(entries.map((entry) => [entry.key, plain(entry.value)]));
}

function listOf(list: unknown): readonly unknown[] {
  return (list as {readonly values?: readonly unknown[]}).values ?? [];
}

/** What was emitted, in the form `plain` gives. */
function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, comparable(member)]),
  );
}
