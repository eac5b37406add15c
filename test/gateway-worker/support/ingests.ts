/** Every way events come in, as a request that would be taken: the start of what a hostile sender changes. */
import {PbfWriter} from 'pbf';
import {concatBytes, utf8} from '../../../src/lib/bytes.ts';
import {hmac} from './sign-webhooks.ts';
import type {TestApp} from './test-gateway.ts';
import {WEBHOOK_SECRETS} from './webhook-streams.ts';

export interface Sending {
  /** The valid one when missing. */
  readonly body?: BodyInit;
  /** Besides those of the dialect, or instead of them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** `?…` */
  readonly query?: string;
}

export interface Ingest {
  readonly stream: string;
  readonly partitions: number;
  /** A valid body that nobody sent before. */
  readonly body: () => Uint8Array;
  /** What `app.fetch` takes. */
  readonly send: (
    app: TestApp,
    sending: Sending,
  ) => Promise<readonly [path: string, init: RequestInit]>;
}

const JSON_TYPE = 'application/json';
const reading = () => ({
  station: crypto.randomUUID(),
  time: '2026-01-01T00:00:00Z',
  temperatureC: 1.5,
});
const json = (value: unknown) => utf8(JSON.stringify(value));
const bearer = ({keys}: TestApp) => `Bearer ${keys.writer}`;

interface Plain {
  readonly path: string;
  readonly stream: string;
  readonly partitions: number;
  readonly body: () => Uint8Array;
  readonly type?: string;
  readonly authorization?: (app: TestApp) => string;
  readonly headers?: () => Readonly<Record<string, string>>;
}

function plain(options: Plain): Ingest {
  const {path, stream, partitions, body, type = JSON_TYPE, authorization = bearer} = options;
  return {
    stream,
    partitions,
    body,
    send: async (app, sending) => [
      path + (sending.query ?? ''),
      {
        method: 'POST',
        body: sending.body ?? (body() as BodyInit),
        headers: {
          authorization: authorization(app),
          'content-type': type,
          ...options.headers?.(),
          ...sending.headers,
        },
      },
    ],
  };
}

const webhookBody = () => json({type: 'made', id: crypto.randomUUID()});

/** Signed as it is, whatever it is. */
const signedWebhook: Ingest = {
  stream: 'from-standard-webhooks',
  partitions: 1,
  body: webhookBody,
  async send(_, {body = webhookBody() as BodyInit, headers = {}, query = ''}) {
    const id = headers['webhook-id'] ?? crypto.randomUUID();
    const time = String(Math.floor(Date.now() / 1_000));
    const bytes = new Uint8Array(await new Response(body).arrayBuffer());
    return [
      `/v1/webhooks/standard-webhooks${query}`,
      {
        method: 'POST',
        body: bytes,
        headers: {
          'content-type': JSON_TYPE,
          'webhook-id': id,
          'webhook-timestamp': time,
          'webhook-signature': `v1,${await signatureOf(`${id}.${time}.`, bytes)}`,
          ...headers,
        },
      },
    ];
  },
};

async function signatureOf(head: string, body: Uint8Array): Promise<string> {
  const secret = Uint8Array.from(atob(WEBHOOK_SECRETS.STANDARD.slice(6)), (c) => c.charCodeAt(0));
  return (await hmac(secret, concatBytes([utf8(head), body]))).base64;
}

function field(number: number, inner: Uint8Array): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeBytesField(number, inner);
  return pbf.finish();
}

function logExport(): Uint8Array {
  const record = field(5, field(1, utf8(crypto.randomUUID())));
  return field(1, field(2, field(2, record)));
}

const basicOf =
  (before: string, after = '') =>
  ({keys}: TestApp) =>
    `Basic ${btoa(`${before}${keys.writer}${after}`)}`;
const segmentCall = () => ({
  messageId: crypto.randomUUID(),
  type: 'track',
  event: 'e',
  userId: 'ada',
});
const toSegment = {stream: 'segment-calls', partitions: 1, authorization: basicOf('', ':')};
const toRest = {stream: 'rest-readings', partitions: 4, authorization: basicOf('any:')};
const toCloud = {path: '/v1/streams/cloud-readings', stream: 'cloud-readings', partitions: 1};
const cloudAttributes = () => ({
  specversion: '1.0',
  id: crypto.randomUUID(),
  source: '/hostile',
  type: 'reading',
});

export const INGESTS: Readonly<Record<string, Ingest>> = {
  'a JSON event': plain({
    path: '/v1/streams/readings',
    stream: 'readings',
    partitions: 4,
    body: () => json(reading()),
  }),
  'a JSON batch': plain({
    path: '/v1/streams/readings',
    stream: 'readings',
    partitions: 4,
    body: () => json([reading(), reading()]),
  }),
  NDJSON: plain({
    path: '/v1/streams/readings',
    stream: 'readings',
    partitions: 4,
    type: 'application/x-ndjson',
    body: () => utf8(`${JSON.stringify(reading())}\n${JSON.stringify(reading())}\n`),
  }),
  'a CloudEvent in headers': plain({
    ...toCloud,
    body: () => json(reading()),
    headers: () =>
      Object.fromEntries(
        Object.entries(cloudAttributes()).map(([name, value]) => [`ce-${name}`, value]),
      ),
  }),
  'a structured CloudEvent': plain({
    ...toCloud,
    type: 'application/cloudevents+json',
    body: () => json({...cloudAttributes(), data: reading()}),
  }),
  'a batch of CloudEvents': plain({
    ...toCloud,
    type: 'application/cloudevents-batch+json',
    body: () => json([{...cloudAttributes(), data: reading()}]),
  }),
  'a Segment call': plain({...toSegment, path: '/v1/track', body: () => json(segmentCall())}),
  'a Segment batch': plain({
    ...toSegment,
    path: '/v1/batch',
    body: () => json({batch: [segmentCall(), segmentCall()]}),
  }),
  'OTLP in JSON': plain({
    path: '/v1/logs',
    stream: 'otel-logs',
    partitions: 2,
    body: () =>
      json({
        resourceLogs: [{scopeLogs: [{logRecords: [{body: {stringValue: crypto.randomUUID()}}]}]}],
      }),
  }),
  'OTLP in protobuf': plain({
    path: '/v1/logs',
    stream: 'otel-logs',
    partitions: 2,
    type: 'application/x-protobuf',
    body: logExport,
  }),
  'Confluent v2': plain({
    ...toRest,
    path: '/topics/rest-readings',
    type: 'application/vnd.kafka.json.v2+json',
    body: () => json({records: [{value: reading()}]}),
  }),
  'Confluent v2 in base64': plain({
    ...toRest,
    path: '/topics/rest-readings',
    type: 'application/vnd.kafka.binary.v2+json',
    body: () => json({records: [{value: btoa(JSON.stringify(reading()))}]}),
  }),
  'Confluent v3': plain({
    ...toRest,
    path: '/v3/clusters/any/topics/rest-readings/records',
    body: () => json({value: {type: 'JSON', data: reading()}}),
  }),
  'a Confluent v3 batch': plain({
    ...toRest,
    path: '/v3/clusters/any/topics/rest-readings/records:batch',
    body: () => json({entries: [{id: '1', value: {type: 'JSON', data: reading()}}]}),
  }),
  'a signed webhook': signedWebhook,
};
