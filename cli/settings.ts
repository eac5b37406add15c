import {resolve} from 'node:path';
import {connectKafka} from '../src/kafka/connect-kafka.ts';
import {kafkaOptionsFromEnv} from '../src/kafka/kafka-options.ts';
import type {Kafka} from '../src/kafka/ports.ts';
import {httpUrl} from '../src/lib/config.ts';
import {readLocalSecrets, readRunFile} from '../src/program/local-run.ts';
import {CliError} from './cli-error.ts';

type Env = Readonly<Record<string, string | undefined>>;

const DEFAULT_GATEWAY_URL = 'http://127.0.0.1:8787';

/** Where Forebay is and by whose right it is asked: from the environment, else from this machine's `npm start`. */
export interface CliSettings {
  readonly gatewayUrl: string;
  readonly topicPrefix: string;
  /** @throws CliError when there is none */
  readonly adminKey: () => string;
  /** @throws CliError when there is none */
  readonly sendKey: () => string;
  readonly kafka: () => Kafka;
}

/** @throws CliError for a variable that cannot be */
export async function cliSettings(env: Env): Promise<CliSettings> {
  const stateDir = resolve(env['FOREBAY_STATE_DIR'] || '.forebay');
  const [run, secrets] = await Promise.all([readRunFile(stateDir), readLocalSecrets(stateDir)]);
  const gatewayUrl = env['FOREBAY_GATEWAY_URL'] || run.gateway?.url || DEFAULT_GATEWAY_URL;
  // Keys made for this machine are nobody else's business.
  const local = env['FOREBAY_GATEWAY_URL'] ? undefined : secrets;
  return {
    gatewayUrl: urlOf(gatewayUrl),
    topicPrefix: env['FOREBAY_TOPIC_PREFIX'] ?? '',
    adminKey: () => given('FOREBAY_ADMIN_KEY', env, local?.adminKey),
    sendKey: () => given('FOREBAY_KEY', env, local?.ingestKey),
    kafka: () =>
      connectKafka(
        kafkaOptionsFromEnv(
          {...(run.kafka === undefined ? {} : {KAFKA_BROKERS: run.kafka.url}), ...env},
          'forebay-cli',
        ),
      ),
  };
}

function urlOf(text: string): string {
  try {
    return httpUrl(text);
  } catch {
    throw new CliError(`FOREBAY_GATEWAY_URL=${text} is no URL`, {
      next: 'FOREBAY_GATEWAY_URL=https://… forebay …',
      exitCode: 2,
    });
  }
}

function given(name: string, env: Env, local: string | undefined): string {
  const value = env[name] || local;
  if (value !== undefined) return value;
  throw new CliError(`there is no key: ${name} is not set and npm start has left none here`, {
    next: `${name}=fb_… forebay …`,
    exitCode: 2,
  });
}
