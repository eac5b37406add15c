import {expect, test} from 'vitest';
import {kafkaOptionsFromEnv} from '../../src/kafka/kafka-options.ts';

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
    clientId: 'drain',
    tls: {},
    sasl: {mechanism: 'SCRAM-SHA-512', username: 'u', password: 'p'},
  });
});

test('a certificate authority switches TLS on, unless it is switched off', () => {
  const pem = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n';
  expect(kafkaOptionsFromEnv({KAFKA_TLS_CA: pem}, 'x').tls).toEqual({ca: pem});
  expect(kafkaOptionsFromEnv({KAFKA_TLS_CA: pem, KAFKA_TLS: 'false'}, 'x').tls).toBeUndefined();
});

test.each([
  [{KAFKA_BROKERS: 'localhost'}, 'KAFKA_BROKERS'],
  [{KAFKA_BROKERS: ' , '}, 'KAFKA_BROKERS'],
  [{KAFKA_TLS: 'maybe'}, 'KAFKA_TLS=true'],
  [{KAFKA_TLS_CA: '/nowhere/ca.pem'}, 'PEM'],
  [{KAFKA_SASL_MECHANISM: 'GSSAPI'}, 'SCRAM-SHA-256'],
  [{KAFKA_SASL_MECHANISM: 'PLAIN'}, 'KAFKA_SASL_USERNAME'],
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
