/**
 * The CloudEvents SDK against a real gateway: its emitters send in every mode, and its Kafka binding makes of each record
 * the event that was sent.
 */
import {CloudEvent, emitterFor, HTTP, httpTransport, Kafka, Mode} from 'cloudevents';
import type {KafkaMessage, Message} from 'cloudevents';
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {IncomingRecord} from '../../src/kafka/ports.ts';
import {readPartition} from '../support/kafka-records.ts';
import {kafkaForTests} from '../support/kafka.ts';
import {startJudgeRun} from './support/judge-run.ts';
import type {JudgeRun} from './support/judge-run.ts';

const STREAM = 'cloud-events';

let run: JudgeRun;
let url: string;
beforeAll(async () => {
  run = await startJudgeRun({pipelinePath: 'test/judges/support/cloudevents-pipeline.ts'});
  url = `${run.url}/v1/streams/${STREAM}`;
});
afterAll(() => run.end());

interface Answer {
  readonly accepted: number;
  readonly duplicates: number;
}

/** Every kind of data and attribute the SDK can make. `partitionkey` is what its Kafka binding reads from the key. */
function eventsOf(mode: string): readonly CloudEvent<unknown>[] {
  const made = (name: string, extra: object) =>
    new CloudEvent<unknown>({
      id: `${mode} ${name}`.replaceAll(' ', '-'),
      source: `/judges/${mode}`,
      type: 'com.example.made',
      partitionkey: `key-${name}`,
      ...extra,
    });
  return [
    made('json', {
      datacontenttype: 'application/json',
      data: {n: 1, text: 'grüße 😀', list: [null]},
    }),
    made('json-array', {datacontenttype: 'application/json; charset=utf-8', data: [1, 2]}),
    made('text', {datacontenttype: 'text/plain', data: 'plain, "text" 100%'}),
    made('bytes', {
      datacontenttype: 'application/octet-stream',
      data: new Uint8Array([0, 1, 127, 128, 254, 255]),
    }),
    made('attributes', {
      datacontenttype: 'application/json',
      data: {},
      subject: 'a/b?c=d',
      dataschema: 'https://example.com/schema#1',
      time: '2020-02-29T23:59:59.999Z',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      comexampleextension: 'value',
    }),
  ];
}

const unicode = (mode: string) =>
  new CloudEvent<unknown>({
    id: `${mode}-unicode-Ω`,
    source: `/judges/${mode}`,
    type: 'com.example.größer',
    subject: 'naïve 😀 "quoted" 100%',
    partitionkey: 'ключ',
    extra: '日本',
    datacontenttype: 'application/json',
    data: {},
  });

/** The SDK's own transport. */
async function send(event: CloudEvent<unknown>, mode: Mode): Promise<Answer> {
  const emit = emitterFor(httpTransport(url), {binding: HTTP, mode});
  const {body} = (await emit(event, {headers: authorization()})) as {body: string};
  return JSON.parse(body) as Answer;
}

/**
 * For what the SDK's own transport cannot send: it leaves the percent-encoding of header values (HTTP binding §3.1.3.2) to
 * its user, and fails at an event without data.
 */
async function sendByFetch(event: CloudEvent<unknown>, mode: Mode): Promise<Answer> {
  return (await emitterFor(fetchTransport, {binding: HTTP, mode})(event)) as Answer;
}

async function fetchTransport({headers, body}: Message): Promise<unknown> {
  const encoded = Object.entries(headers).map(
    ([name, value]) => [name, String(value).replaceAll(/[^!#$&-~]/gu, encodeURIComponent)] as const,
  );
  const response = await fetch(url, {
    method: 'POST',
    ...(body === undefined ? {} : {body: body as NonNullable<RequestInit['body']>}),
    headers: {
      ...Object.fromEntries(encoded),
      'content-type': String(headers['content-type']),
      ...authorization(),
    },
  });
  return response.json();
}

function authorization(): {readonly authorization: string} {
  return {authorization: `Bearer ${run.ingestKey}`};
}

/** What is in Kafka, by id: as bytes, for a reader of text would change some of them. */
async function recordsById(ids: readonly string[]): Promise<readonly IncomingRecord[]> {
  const {kafka} = kafkaForTests();
  const topic = `${run.env['FOREBAY_TOPIC_PREFIX']!}${STREAM}`;
  for (let atLeast = 1; ;) {
    const records = await readPartition({kafka, topic, partition: 0, atLeast});
    const found = ids.map((id) => records.filter((record) => headersOf(record)['ce_id'] === id));
    if (found.every(({length}) => length > 0)) return found.flat();
    atLeast = records.length + 1;
  }
}

function headersOf({headers}: IncomingRecord): Record<string, string> {
  return Object.fromEntries(headers.map(([name, value]) => [name, Buffer.from(value).toString()]));
}

/** As a consumer hands a record to the SDK: text where the type says so, else bytes. */
function eventIn(record: IncomingRecord): unknown {
  const headers = headersOf(record);
  const isText = /json|^text\//.test(headers['content-type']!);
  const bytes = record.value!;
  const value = isText ? Buffer.from(bytes).toString() : Uint8Array.from(bytes);
  const key = Buffer.from(record.key!).toString();
  const message: KafkaMessage = {key, value, body: value, headers};
  return Kafka.toEvent(message);
}

async function expectInKafka(events: readonly CloudEvent<unknown>[]): Promise<void> {
  const records = await recordsById(events.map(({id}) => id));
  expect(records.map(eventIn)).toEqual(events);
}

test.each([Mode.BINARY, Mode.STRUCTURED])(
  'what its emitter sends in %s mode comes out whole',
  async (mode) => {
    const events = eventsOf(mode);
    for (const event of events) expect(await send(event, mode)).toMatchObject({accepted: 1});
    await expectInKafka(events);
  },
);

test('a batch of its events comes out whole', async () => {
  const events = [...eventsOf('batch'), unicode('batch')];
  const response = await fetch(url, {
    method: 'POST',
    body: JSON.stringify(events),
    headers: {...authorization(), 'content-type': 'application/cloudevents-batch+json'},
  });
  expect(await response.json()).toMatchObject({accepted: events.length, rejected: 0});
  await expectInKafka(events);
});

test('attributes of any script come out whole', async () => {
  const [structured, binary] = [unicode('structured'), unicode('binary')];
  expect(await send(structured, Mode.STRUCTURED)).toMatchObject({accepted: 1});
  expect(await sendByFetch(binary, Mode.BINARY)).toMatchObject({accepted: 1});
  await expectInKafka([structured, binary]);
});

test('extensions that are no strings come out as their canonical strings', async () => {
  const event = new CloudEvent({
    id: 'typed',
    source: '/judges',
    type: 't',
    datacontenttype: 'application/json',
    data: {},
    partitionkey: 'k',
    flag: true,
    count: -7,
  });
  expect(await send(event, Mode.STRUCTURED)).toMatchObject({accepted: 1});
  await expectInKafka([event.cloneWith({flag: 'true', count: '-7'})]);
});

test('an event without data is a record without a value, with all its attributes', async () => {
  // The SDK's Kafka binding takes no record without a value, so this one is read without it.
  for (const mode of [Mode.BINARY, Mode.STRUCTURED]) {
    const event = new CloudEvent<unknown>({
      id: `gone-${mode}`,
      source: '/judges',
      type: 'com.example.gone',
      partitionkey: 'k',
      subject: 'thing',
    });
    expect(await sendByFetch(event, mode)).toMatchObject({accepted: 1});
    const [record] = await recordsById([event.id]);
    expect(record!.value).toBeNull();
    expect(headersOf(record!)).toMatchObject({
      ce_specversion: '1.0',
      ce_id: event.id,
      ce_source: '/judges',
      ce_type: 'com.example.gone',
      ce_subject: 'thing',
      ce_partitionkey: 'k',
      ce_time: event.time,
    });
  }
});

test('one event sent in all three modes is in Kafka once', async () => {
  const [event] = eventsOf('again');
  expect(await send(event!, Mode.BINARY)).toMatchObject({accepted: 1, duplicates: 0});
  expect(await send(event!, Mode.STRUCTURED)).toMatchObject({accepted: 0, duplicates: 1});
  const response = await fetch(url, {
    method: 'POST',
    body: JSON.stringify([event]),
    headers: {...authorization(), 'content-type': 'application/cloudevents-batch+json'},
  });
  expect(await response.json()).toMatchObject({accepted: 0, duplicates: 1});
  const after = event!.cloneWith({id: 'after-again'});
  await send(after, Mode.BINARY);
  await expectInKafka([event!, after]);
});
