import {rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {kafkaOptionsFromEnv} from '../../src/kafka/kafka-options.ts';
import {uniqueName} from '../support/kafka.ts';

const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n';
const KEY = '-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n';
const OAUTH = {
  KAFKA_SASL_MECHANISM: 'oauthbearer',
  KAFKA_SASL_USERNAME: 'id',
  KAFKA_SASL_PASSWORD: 'secret',
};

test('without variables it is the broker on this machine, in the clear', () => {
  expect(kafkaOptionsFromEnv({}, 'drain')).toEqual({
    brokers: ['127.0.0.1:9092'],
    clientId: 'drain',
    tls: undefined,
    sasl: undefined,
  });
  expect(kafkaOptionsFromEnv({FOREBAY_KAFKA_PORT: '19092'}, 'x').brokers).toEqual([
    '127.0.0.1:19092',
  ]);
});

test('brokers, TLS and credentials are taken from the environment', () => {
  const env = {
    KAFKA_BROKERS: 'a.example:9093, b.example:9093',
    FOREBAY_KAFKA_PORT: '1',
    KAFKA_TLS: 'true',
    KAFKA_SASL_MECHANISM: 'scram-sha-512',
    KAFKA_SASL_USERNAME: 'u',
    KAFKA_SASL_PASSWORD: 'p',
    KAFKA_CLIENT: 'platformatic',
  };
  expect(kafkaOptionsFromEnv(env, 'drain')).toEqual({
    brokers: ['a.example:9093', 'b.example:9093'],
    client: 'platformatic',
    clientId: 'drain',
    tls: {},
    sasl: {mechanism: 'SCRAM-SHA-512', username: 'u', password: 'p'},
  });
});

test('a certificate authority switches TLS on, unless it is switched off', () => {
  expect(kafkaOptionsFromEnv({KAFKA_TLS_CA: CERTIFICATE}, 'x').tls).toEqual({ca: CERTIFICATE});
  expect(
    kafkaOptionsFromEnv({KAFKA_TLS_CA: CERTIFICATE, KAFKA_TLS: 'false'}, 'x').tls,
  ).toBeUndefined();
});

test('a client certificate and its key are taken from files or as PEM, and switch TLS on', async () => {
  const path = join(tmpdir(), `${uniqueName('key')}.pem`);
  await writeFile(path, KEY);
  const env = {KAFKA_TLS_CERT: CERTIFICATE, KAFKA_TLS_KEY: path};
  expect(kafkaOptionsFromEnv(env, 'x').tls).toEqual({cert: CERTIFICATE, key: KEY});
  await rm(path);
});

test('OAUTHBEARER asks for a token when a connection needs one, and not before', () => {
  const env = {
    KAFKA_SASL_MECHANISM: 'OAUTHBEARER',
    KAFKA_SASL_USERNAME: 'id',
    KAFKA_SASL_PASSWORD: 'secret',
    KAFKA_SASL_OAUTH_TOKEN_URL: 'https://auth.example/token',
    KAFKA_CLIENT: 'kafkajs',
  };
  const {sasl, client} = kafkaOptionsFromEnv(env, 'x');
  expect(sasl).toEqual({mechanism: 'OAUTHBEARER', token: expect.any(Function)});
  expect(client).toBe('kafkajs');
});

test.each([
  [{KAFKA_BROKERS: 'localhost'}, 'KAFKA_BROKERS'],
  [{KAFKA_BROKERS: ' , '}, 'KAFKA_BROKERS'],
  [{KAFKA_TLS: 'maybe'}, 'KAFKA_TLS=true'],
  [{KAFKA_TLS_CA: '/nowhere/ca.pem'}, 'PEM'],
  [{KAFKA_TLS_KEY: KEY}, 'KAFKA_TLS_CERT'],
  [{KAFKA_TLS_CERT: CERTIFICATE}, 'KAFKA_TLS_KEY'],
  [{KAFKA_SASL_MECHANISM: 'GSSAPI'}, 'SCRAM-SHA-256'],
  [{KAFKA_SASL_MECHANISM: 'PLAIN'}, 'KAFKA_SASL_USERNAME'],
  [OAUTH, 'KAFKA_SASL_OAUTH_TOKEN_URL'],
  [{...OAUTH, KAFKA_SASL_OAUTH_TOKEN_URL: 'auth.example'}, 'https://'],
  [{...OAUTH, KAFKA_SASL_OAUTH_TOKEN_URL: 'https://id:secret@auth.example/'}, 'out of the URL'],
  [{KAFKA_CLIENT: 'librdkafka'}, 'platformatic'],
])('%j is refused with a hint about %s', (env, hint) => {
  let error: unknown;
  try {
    kafkaOptionsFromEnv(env, 'x');
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({code: 'KAFKA_OPTIONS_INVALID', hint: expect.stringContaining(hint)});
});
