import {readFileSync} from 'node:fs';
import {ForebayError} from '../lib/errors.ts';
import type {KafkaOptions} from './ports.ts';

type Env = Readonly<Record<string, string | undefined>>;

const DEFAULT_PORT = 9092;
const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;

/**
 * How to reach Kafka, from the environment. Throws `KAFKA_OPTIONS_INVALID`.
 *
 * - `KAFKA_BROKERS`: comma-separated `host:port`; default `127.0.0.1:$FOREBAY_KAFKA_PORT`, else `127.0.0.1:9092`.
 * - `KAFKA_SASL_MECHANISM` (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512), `KAFKA_SASL_USERNAME`, `KAFKA_SASL_PASSWORD`.
 * - `KAFKA_TLS` (true or false), `KAFKA_TLS_CA` (a PEM file's path, or the PEM itself; switches TLS on).
 * - `KAFKA_CLIENT`: the adapter, `platformatic`.
 */
export function kafkaOptionsFromEnv(env: Env, clientId: string): KafkaOptions {
  const client = env['KAFKA_CLIENT'] ?? 'platformatic';
  if (client !== 'platformatic') {
    throw invalid(`KAFKA_CLIENT=${client} is not available`, 'leave it out, or use platformatic');
  }
  return {
    brokers: brokersOf(env),
    clientId,
    tls: tlsOf(env),
    sasl: saslOf(env),
  };
}

function brokersOf(env: Env): readonly string[] {
  const fallback = `127.0.0.1:${env['FOREBAY_KAFKA_PORT'] ?? DEFAULT_PORT}`;
  const brokers = (env['KAFKA_BROKERS'] ?? fallback)
    .split(',')
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '');
  const bad = brokers.find((broker) => !/^.+:\d{1,5}$/.test(broker));
  if (brokers.length === 0 || bad !== undefined) {
    throw invalid(`not a broker: "${bad ?? ''}"`, 'write KAFKA_BROKERS as host:port,host:port');
  }
  return brokers;
}

function tlsOf(env: Env): KafkaOptions['tls'] {
  const flag = env['KAFKA_TLS'] ?? '';
  const ca = env['KAFKA_TLS_CA'] ?? '';
  if (!['', 'true', 'false', '1', '0'].includes(flag)) {
    throw invalid(`KAFKA_TLS=${flag} is neither true nor false`, 'write KAFKA_TLS=true');
  }
  if (flag === 'false' || flag === '0') return undefined;
  if (ca !== '') return {ca: ca.includes('-----BEGIN') ? ca : readCa(ca)};
  return flag === '' ? undefined : {};
}

function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw invalid(`KAFKA_TLS_CA cannot be read: ${path}`, 'give the path of a PEM file', error);
  }
}

function saslOf(env: Env): KafkaOptions['sasl'] {
  const name = env['KAFKA_SASL_MECHANISM'] ?? '';
  if (name === '') return undefined;
  const mechanism = MECHANISMS.find((known) => known === name.toUpperCase());
  if (mechanism === undefined) {
    throw invalid(
      `KAFKA_SASL_MECHANISM=${name} is not known`,
      `use one of ${MECHANISMS.join(', ')}`,
    );
  }
  const username = env['KAFKA_SASL_USERNAME'];
  const password = env['KAFKA_SASL_PASSWORD'];
  if (username === undefined || password === undefined) {
    throw invalid(
      'KAFKA_SASL_MECHANISM is set without its credentials',
      'set KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD too',
    );
  }
  return {mechanism, username, password};
}

function invalid(message: string, hint: string, cause?: unknown): ForebayError {
  return new ForebayError({code: 'KAFKA_OPTIONS_INVALID', message, hint, cause});
}
