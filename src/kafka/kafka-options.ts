import {readFileSync} from 'node:fs';
import {optionsInvalid} from './options-invalid.ts';
import type {KafkaClient, KafkaOptions, KafkaTls} from './ports.ts';
import {saslFromEnv} from './sasl-options.ts';

type Env = Readonly<Record<string, string | undefined>>;

const DEFAULT_PORT = 9092;
const CLIENTS: readonly KafkaClient[] = ['platformatic', 'kafkajs'];

/**
 * How to reach Kafka, from the environment. Throws `KAFKA_OPTIONS_INVALID`.
 *
 * - `KAFKA_BROKERS`: comma-separated `host:port`; default `127.0.0.1:$FOREBAY_KAFKA_PORT`, else `127.0.0.1:9092`.
 * - `KAFKA_SASL_MECHANISM` (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER), `KAFKA_SASL_USERNAME`,
 *   `KAFKA_SASL_PASSWORD`. With OAUTHBEARER the two are the client's id and secret at `KAFKA_SASL_OAUTH_TOKEN_URL`,
 *   and `KAFKA_SASL_OAUTH_SCOPE` is asked for if set.
 * - `KAFKA_TLS` (true or false); `KAFKA_TLS_CA`, `KAFKA_TLS_CERT` with `KAFKA_TLS_KEY`: a PEM file's path or the PEM
 *   itself; each switches TLS on.
 * - `KAFKA_CLIENT`: the adapter, platformatic (default) or kafkajs.
 */
export function kafkaOptionsFromEnv(env: Env, clientId: string): KafkaOptions {
  return {
    client: clientOf(env),
    brokers: brokersOf(env),
    clientId,
    tls: tlsOf(env),
    sasl: saslFromEnv(env),
  };
}

function clientOf(env: Env): KafkaClient | undefined {
  const name = env['KAFKA_CLIENT'] ?? '';
  const client = CLIENTS.find((known) => known === name);
  if (name === '' || client !== undefined) return client;
  throw optionsInvalid(
    `KAFKA_CLIENT=${name} is not known`,
    `leave it out, or use one of ${CLIENTS.join(', ')}`,
  );
}

function brokersOf(env: Env): readonly string[] {
  const fallback = `127.0.0.1:${env['FOREBAY_KAFKA_PORT'] ?? DEFAULT_PORT}`;
  const brokers = (env['KAFKA_BROKERS'] ?? fallback)
    .split(',')
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '');
  const bad = brokers.find((broker) => !/^.+:\d{1,5}$/.test(broker));
  if (brokers.length === 0 || bad !== undefined) {
    throw optionsInvalid(
      `not a broker: "${bad ?? ''}"`,
      'write KAFKA_BROKERS as host:port,host:port',
    );
  }
  return brokers;
}

function tlsOf(env: Env): KafkaTls | undefined {
  const flag = env['KAFKA_TLS'] ?? '';
  if (!['', 'true', 'false', '1', '0'].includes(flag)) {
    throw optionsInvalid(`KAFKA_TLS=${flag} is neither true nor false`, 'write KAFKA_TLS=true');
  }
  if (flag === 'false' || flag === '0') return undefined;
  const ca = pemOf(env, 'KAFKA_TLS_CA');
  const cert = pemOf(env, 'KAFKA_TLS_CERT');
  const key = pemOf(env, 'KAFKA_TLS_KEY');
  if ((cert === undefined) !== (key === undefined)) {
    throw optionsInvalid(
      `${cert === undefined ? 'KAFKA_TLS_KEY' : 'KAFKA_TLS_CERT'} is set alone`,
      'set both KAFKA_TLS_CERT and KAFKA_TLS_KEY, or neither',
    );
  }
  if (flag === '' && ca === undefined && cert === undefined) return undefined;
  return {
    ...(ca === undefined ? {} : {ca}),
    ...(cert === undefined || key === undefined ? {} : {cert, key}),
  };
}

/** A variable that holds PEM or the path of a file that does. */
function pemOf(env: Env, name: string): string | undefined {
  const given = env[name] ?? '';
  if (given === '') return undefined;
  if (given.includes('-----BEGIN')) return given;
  try {
    return readFileSync(given, 'utf8');
  } catch (error) {
    throw optionsInvalid(
      `${name} cannot be read: ${given}`,
      `give ${name} the path of a PEM file, or the PEM itself`,
      error,
    );
  }
}
