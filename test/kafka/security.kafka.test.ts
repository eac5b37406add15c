/** Both adapters with every way to prove who one is, and what they say when it is not believed. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {connectKafka} from '../../src/kafka/connect-kafka.ts';
import {oauthTokens} from '../../src/kafka/oauth-token.ts';
import type {Kafka, KafkaOptions, KafkaSasl} from '../../src/kafka/ports.ts';
import {canMakeCertificates, makeCertificates, type Certificates} from '../support/certificates.ts';
import {
  createTopic,
  readPartition,
  textOf,
  textRecord,
  transact,
} from '../support/kafka-records.ts';
import {uniqueName} from '../support/kafka.ts';
import {
  startSecureBroker,
  unsecuredToken,
  USER,
  type SecureBroker,
} from '../support/secure-broker.ts';
import {startTokenServer} from '../support/token-server.ts';
import {waitUntil} from '../support/wait-until.ts';
import {CLIENTS} from './cases/lab.ts';

/** How long an authentication by token holds: several times in a test. */
const REAUTH_MS = 1_500;
const TIMEOUT_MS = 30_000;
const DEADLINE_MS = 60_000;
const WRONG = {username: USER.username, password: 'wrong'};

const hasOpenssl = await canMakeCertificates();
if (!hasOpenssl) console.log('security tests are skipped: there is no openssl command');

let dir: string;
let certificates: Certificates;
let broker: SecureBroker;

beforeAll(async () => {
  if (!hasOpenssl) return;
  dir = await mkdtemp(join(tmpdir(), 'forebay-certificates-'));
  certificates = await makeCertificates(dir);
  broker = await startSecureBroker(certificates, REAUTH_MS);
});

afterAll(async () => {
  await broker?.cluster.stop();
  if (hasOpenssl) await rm(dir, {recursive: true, force: true});
});

/** One of everything the port opens. */
async function expectRoundTrip(kafka: Kafka): Promise<void> {
  const topic = uniqueName('secure');
  await createTopic(kafka, topic);
  const producer = await kafka.openFencedProducer(uniqueName('secure'), TIMEOUT_MS);
  expect(await transact(producer, [textRecord(topic, 0, 'hello')])).toEqual({kind: 'committed'});
  await producer.close();
  const read = await readPartition({kafka, topic, partition: 0, atLeast: 1});
  expect(read.map(textOf)).toEqual(['hello']);
  const member = await kafka.joinGroup({
    groupId: uniqueName('secure'),
    instanceId: 'one',
    topics: [topic],
    sessionTimeoutMs: 6_000,
    onAssignment: () => {},
    onLost: () => {},
  });
  expect(member.assignment.get(topic)).toEqual([0]);
  await member.leave();
}

async function failureOf(kafka: Kafka): Promise<unknown> {
  const admin = await kafka.openAdmin();
  try {
    return await admin.describeTopics(['any']).catch((error: unknown) => error);
  } finally {
    await admin.close();
  }
}

describe.skipIf(!hasOpenssl).each(CLIENTS)('%s', (client) => {
  const connect = (to: string, options: Pick<KafkaOptions, 'sasl' | 'tls'>): Kafka =>
    connectKafka({client, brokers: [to], clientId: 'security-test', ...options});
  const token: KafkaSasl = {
    mechanism: 'OAUTHBEARER',
    token: async () => unsecuredToken('forebay', 60),
  };

  test.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)(
    '%s lets in who knows the password',
    async (mechanism) => {
      await expectRoundTrip(connect(broker.listeners.sasl, {sasl: {mechanism, ...USER}}));
    },
  );

  test.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)(
    '%s with a wrong password is an error that says so, at once',
    async (mechanism) => {
      const kafka = connect(broker.listeners.sasl, {sasl: {mechanism, ...WRONG}});
      const expected = {
        code: 'KAFKA_AUTHENTICATION_FAILED',
        isRetryable: false,
        hint: expect.stringContaining('KAFKA_SASL_PASSWORD'),
      };
      expect(await failureOf(kafka)).toMatchObject(expected);
      const opening = kafka.openFencedProducer(uniqueName('wrong'), TIMEOUT_MS);
      await expect(opening).rejects.toMatchObject(expected);
    },
  );

  test('OAUTHBEARER lets in who has a token', async () => {
    await expectRoundTrip(connect(broker.listeners.sasl, {sasl: token}));
  });

  test('a producer works on when its authentication runs out, with fresh tokens from the token endpoint', async () => {
    const server = await startTokenServer(() => ({
      status: 200,
      body: JSON.stringify({access_token: unsecuredToken('forebay', 60), expires_in: 1}),
    }));
    const tokens = oauthTokens({tokenUrl: server.url, clientId: 'id', clientSecret: 'secret'});
    const sasl: KafkaSasl = {mechanism: 'OAUTHBEARER', token: tokens};
    const kafka = connect(broker.listeners.sasl, {sasl});
    const topic = uniqueName('reauth');
    await createTopic(kafka, topic);
    const producer = await kafka.openFencedProducer(uniqueName('reauth'), TIMEOUT_MS);
    const before = server.requests.length;
    let count = 0;
    await waitUntil('three more tokens', DEADLINE_MS, async () => {
      const outcome = await transact(producer, [textRecord(topic, 0, `${count}`)]);
      if (outcome.kind !== 'committed') throw new Error(outcome.kind, {cause: outcome.error});
      count++;
      return server.requests.length >= before + 3;
    });
    await producer.close();
    const read = await readPartition({kafka, topic, partition: 0, atLeast: count});
    expect(read.map(textOf)).toEqual(Array.from({length: count}, (_, i) => `${i}`));
    await server.close();
  });

  test('a token endpoint that refuses the client is the error that is told', async () => {
    const server = await startTokenServer(() => ({
      status: 401,
      body: '{"error":"invalid_client"}',
    }));
    const tokens = oauthTokens({tokenUrl: server.url, clientId: 'id', clientSecret: 'wrong'});
    const sasl: KafkaSasl = {mechanism: 'OAUTHBEARER', token: tokens};
    expect(await failureOf(connect(broker.listeners.sasl, {sasl}))).toMatchObject({
      code: 'KAFKA_TOKEN_FAILED',
      isRetryable: false,
      message: expect.stringContaining('invalid_client'),
    });
    await server.close();
  });

  test('TLS with the authority’s certificate, with SASL, and with a client certificate lets in', async () => {
    const {ca, client: identity} = certificates;
    await expectRoundTrip(connect(broker.listeners.tls, {tls: {ca}}));
    const sasl: KafkaSasl = {mechanism: 'SCRAM-SHA-512', ...USER};
    await expectRoundTrip(connect(broker.listeners.saslTls, {tls: {ca}, sasl}));
    await expectRoundTrip(connect(broker.listeners.saslTls, {tls: {ca}, sasl: token}));
    await expectRoundTrip(connect(broker.listeners.mutualTls, {tls: {ca, ...identity}}));
  });

  test('a broker whose certificate is not trusted is an error that says so', async () => {
    expect(await failureOf(connect(broker.listeners.tls, {tls: {}}))).toMatchObject({
      code: 'KAFKA_TLS_FAILED',
      hint: expect.stringContaining('KAFKA_TLS_CA'),
    });
  });
});
