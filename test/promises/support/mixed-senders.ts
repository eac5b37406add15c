import {createHmac} from 'node:crypto';
import {gzipSync} from 'node:zlib';
import mqtt from 'mqtt';
import {expect} from 'vitest';
import type {DeviceAnswer} from '../../../src/protocol/device-socket.ts';
import {between} from '../../support/seeded-random.ts';
import type {Tally} from './tally.ts';

export interface SenderOptions {
  readonly url: string;
  readonly key: string;
  /** Of Standard Webhooks. */
  readonly secret: string;
  readonly random: () => number;
  readonly tally: Tally;
}

/** Requests or connections' sends of each sender. */
const ROUNDS = 60;
const HOSTILE_PART = 0.05;
const REPEATED_PART = 0.1;
const INVALID_PART = 0.1;

/** One of each kind; each resolves when all it sent was answered. */
export const mixedSenders: readonly ((options: SenderOptions) => Promise<void>)[] = [
  sendPlain,
  sendCloudEvents,
  sendSegment,
  sendLogs,
  produceRest,
  deliverWebhooks,
  sendOverSocket,
  publishMqtt,
];

const JSON_TYPE = {'content-type': 'application/json'};

interface Sent {
  readonly path: string;
  readonly body: string | Uint8Array;
  readonly headers: Record<string, string>;
}

async function post(url: string, {path, body, headers}: Sent): Promise<Response> {
  return fetch(url + path, {
    method: 'POST',
    body: body as NonNullable<RequestInit['body']>,
    headers,
  });
}

/** What no gateway should take; each is refused as a whole. */
function hostile(random: () => number, {path, headers}: Sent): Sent {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const forms: readonly Sent[] = [
    {path, headers, body: '{"n":'},
    {path, headers, body: deep},
    {path, headers, body: new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])},
    {path, headers: {...headers, 'content-encoding': 'gzip'}, body: 'not gzip'},
    {
      path,
      headers: {...headers, 'content-encoding': 'gzip'},
      body: gzipSync(Buffer.alloc(20_000_000, 0x20)),
    },
    {path, headers: {...headers, 'content-encoding': 'br'}, body: '{}'},
    {path, headers: {...headers, authorization: 'Bearer fb_dev_0000_wrong'}, body: '{}'},
  ];
  return forms[between(random, 0, forms.length - 1)]!;
}

async function sendHostile(stream: string, options: SenderOptions, sent: Sent): Promise<boolean> {
  const {url, random, tally} = options;
  if (random() >= HOSTILE_PART && tally.of(stream).refused > 0) return false;
  const response = await post(url, hostile(random, sent));
  expect([response.status, await response.text()]).toEqual([
    expect.toSatisfy(isRefusal),
    expect.anything(),
  ]);
  tally.add(stream, 'refused');
  return true;
}

const isRefusal = (status: number) => [400, 401, 413, 415].includes(status);
const isRepeated = ({random, tally}: SenderOptions, stream: string) =>
  random() < REPEATED_PART || tally.of(stream).duplicate === 0;

async function sendPlain(options: SenderOptions): Promise<void> {
  const {url, key, random, tally} = options;
  const stream = 'readings';
  for (let round = 0; round < ROUNDS; round += 1) {
    const events = Array.from({length: between(random, 1, 5)}, () => ({
      station: `plain-${between(random, 1, 9)}`,
      n: tally.next(),
      isValid: random() >= INVALID_PART,
    }));
    const sent: Sent = {
      path: '/v1/streams/readings',
      body: JSON.stringify(
        events.map(({station, n, isValid}) => ({station, n: isValid ? n : 'x'})),
      ),
      headers: {...JSON_TYPE, authorization: `Bearer ${key}`, 'idempotency-key': `plain-${round}`},
    };
    if (await sendHostile(stream, options, sent)) continue;
    const response = await post(url, sent);
    const answer = (await response.json()) as {accepted: number; rejected: number};
    const valid = events.filter(({isValid}) => isValid).map(({n}) => n);
    expect([response.status, answer.accepted]).toEqual([expect.any(Number), valid.length]);
    tally.accepted(stream, ...valid);
    tally.kept(stream, 'rejected', answer.rejected);
    if (!isRepeated(options, stream) || valid.length < events.length) continue;
    const again = (await (await post(url, sent)).json()) as {duplicates: number};
    tally.add(stream, 'duplicate', again.duplicates);
  }
}

async function sendCloudEvents(options: SenderOptions): Promise<void> {
  const {url, key, random, tally} = options;
  const stream = 'readings';
  for (let round = 0; round < ROUNDS; round += 1) {
    const n = tally.next();
    const isValid = random() >= INVALID_PART;
    const sent: Sent = {
      path: '/v1/streams/readings',
      body: JSON.stringify({
        specversion: '1.0',
        id: `event-${n}`,
        source: '/mixed',
        type: 'reading',
        data: {station: 'cloud', n: isValid ? n : null},
      }),
      headers: {'content-type': 'application/cloudevents+json', authorization: `Bearer ${key}`},
    };
    const {status} = await post(url, sent);
    expect(status).toBe(isValid ? 202 : 422);
    if (isValid) tally.accepted(stream, n);
    else tally.kept(stream, 'rejected');
    if (!isValid || !isRepeated(options, stream)) continue;
    expect(await (await post(url, sent)).json()).toMatchObject({duplicates: 1});
    tally.add(stream, 'duplicate');
  }
}

async function sendSegment(options: SenderOptions): Promise<void> {
  const {url, key, random, tally} = options;
  const stream = 'tracks';
  for (let round = 0; round < ROUNDS; round += 1) {
    const numbers = Array.from({length: between(random, 1, 4)}, () => tally.next());
    const batch = numbers.map((n) => ({type: 'track', messageId: `m-${n}`, userId: 'ada', n}));
    const sent: Sent = {
      path: '/v1/batch',
      body: JSON.stringify({batch}),
      headers: {...JSON_TYPE, authorization: `Basic ${btoa(`${key}:`)}`},
    };
    if (await sendHostile(stream, options, sent)) continue;
    expect((await post(url, sent)).status).toBe(200);
    tally.accepted(stream, ...numbers);
    if (!isRepeated(options, stream)) continue;
    expect((await post(url, sent)).status).toBe(200);
    tally.add(stream, 'duplicate', numbers.length);
  }
}

async function sendLogs(options: SenderOptions): Promise<void> {
  const {url, key, random, tally} = options;
  const stream = 'logs';
  for (let round = 0; round < ROUNDS; round += 1) {
    const n = tally.next();
    const isValid = random() >= INVALID_PART;
    const record = {
      body: {stringValue: `n ${n}`},
      timeUnixNano: '1',
      ...(isValid ? {severityNumber: 9} : {}),
    };
    const sent: Sent = {
      path: '/v1/logs',
      body: JSON.stringify({resourceLogs: [{scopeLogs: [{logRecords: [record]}]}]}),
      headers: {...JSON_TYPE, authorization: `Bearer ${key}`},
    };
    if (await sendHostile(stream, options, sent)) continue;
    const response = await post(url, sent);
    const answer = (await response.json()) as {partialSuccess?: object};
    expect([response.status, answer.partialSuccess === undefined]).toEqual([200, isValid]);
    if (isValid) tally.accepted(stream, n);
    else tally.kept(stream, 'rejected');
    if (!isValid || !isRepeated(options, stream)) continue;
    expect((await post(url, sent)).status).toBe(200);
    tally.add(stream, 'duplicate');
  }
}

async function produceRest({url, key, random, tally}: SenderOptions): Promise<void> {
  const stream = 'readings';
  for (let round = 0; round < ROUNDS; round += 1) {
    const numbers = Array.from({length: between(random, 1, 3)}, () => tally.next());
    const records = numbers.map((n) => ({value: {station: `rest-${round}`, n}}));
    const response = await post(url, {
      path: '/topics/readings',
      body: JSON.stringify({records}),
      headers: {
        'content-type': 'application/vnd.kafka.json.v2+json',
        authorization: `Basic ${btoa(`any:${key}`)}`,
      },
    });
    expect(response.status).toBe(200);
    tally.accepted(stream, ...numbers);
  }
}

async function deliverWebhooks(options: SenderOptions): Promise<void> {
  const {url, secret, random, tally} = options;
  const stream = 'deliveries';
  const hmacKey = Buffer.from(secret.slice('whsec_'.length), 'base64');
  for (let round = 0; round < ROUNDS; round += 1) {
    const n = tally.next();
    const isValid = random() >= INVALID_PART;
    const body = JSON.stringify({type: 'made', n: isValid ? n : 'x'});
    const time = String(Math.floor(Date.now() / 1_000));
    const signature = createHmac('sha256', hmacKey)
      .update(`d-${n}.${time}.${body}`)
      .digest('base64');
    const sent: Sent = {
      path: '/v1/webhooks/standard-webhooks',
      body,
      headers: {
        ...JSON_TYPE,
        'webhook-id': `d-${n}`,
        'webhook-timestamp': time,
        'webhook-signature': `v1,${signature}`,
      },
    };
    if (await sendHostile(stream, options, sent)) continue;
    expect((await post(url, sent)).ok).toBe(true);
    if (isValid) tally.accepted(stream, n);
    else tally.kept(stream, 'quarantined');
    if (!isValid || !isRepeated(options, stream)) continue;
    expect((await post(url, sent)).ok).toBe(true);
    tally.add(stream, 'duplicate');
  }
}

async function sendOverSocket({url, key, random, tally}: SenderOptions): Promise<void> {
  const stream = 'readings';
  const address = `${url.replace('http', 'ws')}/v1/streams/readings/socket`;
  const init = {protocols: ['forebay.v1'], headers: {authorization: `Bearer ${key}`}};
  const socket = new WebSocket(address, init);
  const nextMessage = messagesOf(socket);
  await nextMessage();
  for (let round = 0; round < ROUNDS; round += 1) {
    const n = tally.next();
    const isValid = random() >= INVALID_PART;
    const times = random() < REPEATED_PART ? 2 : 1;
    const frame = JSON.stringify({id: `s-${n}`, event: {station: 'socket', n: isValid ? n : {}}});
    for (let time = 0; time < (isValid ? times : 1); time += 1) {
      socket.send(frame);
      const answer = JSON.parse(await nextMessage()) as DeviceAnswer;
      expect([answer.ack.length, answer.rejected.length]).toEqual(isValid ? [1, 0] : [0, 1]);
      if (!isValid) tally.kept(stream, 'rejected');
      else if (time === 0) tally.accepted(stream, n);
      else tally.add(stream, 'duplicate');
    }
  }
  socket.close(1000);
}

/** The next message, whenever it comes. */
function messagesOf(socket: WebSocket): () => Promise<string> {
  const arrived: string[] = [];
  const wanted: ((message: string) => void)[] = [];
  socket.addEventListener('message', ({data}) => {
    const take = wanted.shift();
    if (take === undefined) arrived.push(String(data));
    else take(String(data));
  });
  return () =>
    new Promise((resolve) => {
      const message = arrived.shift();
      if (message === undefined) wanted.push(resolve);
      else resolve(message);
    });
}

async function publishMqtt({url, key, random, tally}: SenderOptions): Promise<void> {
  const stream = 'readings';
  const client = await mqtt.connectAsync(`${url.replace('http', 'ws')}/mqtt`, {
    protocolVersion: 5,
    username: 'any',
    password: key,
  });
  for (let round = 0; round < ROUNDS; round += 1) {
    const n = tally.next();
    const isValid = random() >= INVALID_PART;
    const body = JSON.stringify({station: 'mqtt', n: isValid ? n : 'x'});
    const published = client.publishAsync('readings', body, {qos: 1});
    if (isValid) {
      await published;
      tally.accepted(stream, n);
    } else {
      await expect(published).rejects.toThrow();
      tally.kept(stream, 'rejected');
    }
  }
  await client.endAsync();
}
