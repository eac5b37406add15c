import {hostname} from 'node:os';
import {kafkaOptionsFromEnv} from '../src/kafka/kafka-options.ts';
import type {KafkaOptions} from '../src/kafka/ports.ts';
import {port, readConfig, text} from '../src/lib/config.ts';
import {ForebayError} from '../src/lib/errors.ts';
import packageJson from '../package.json' with {type: 'json'};

const TABLE = {
  port: {
    env: 'FOREBAY_QUERY_PORT',
    description: 'port of the queries, /health, /ready, /metrics and /status',
    parse: port,
    default: 8789,
  },
  host: {
    env: 'FOREBAY_HOST',
    description: 'address to listen on',
    parse: text,
    default: '127.0.0.1',
  },
  stateDir: {
    env: 'FOREBAY_STATE_DIR',
    description: 'where checkpoints are kept',
    parse: text,
    default: '.forebay',
  },
  replica: {
    env: 'FOREBAY_REPLICA',
    description: 'stable name of this replica, unique among them',
    parse: fileName,
    default: hostname(),
  },
  topicPrefix: {
    env: 'FOREBAY_TOPIC_PREFIX',
    description: 'isolates environments that share a cluster',
    parse: text,
    default: '',
  },
  pipelinePath: {
    env: 'FOREBAY_PIPELINE',
    description: 'path of the pipeline definition',
    parse: text,
    default: '',
  },
  version: {
    env: 'FOREBAY_VERSION',
    description: 'version to report',
    parse: text,
    default: packageJson.version,
  },
} as const;

type Env = Readonly<Record<string, string | undefined>>;

export type ProcessorConfig = ReturnType<typeof readConfig<typeof TABLE>> & {
  readonly kafka: KafkaOptions;
};

/** @throws ForebayError `CONFIG_INVALID` that lists everything wrong, the Kafka variables included. */
export function processorConfig(env: Env): ProcessorConfig {
  const own = attempt(() => readConfig(TABLE, env));
  const kafka = attempt(() => kafkaOptionsFromEnv(env, 'forebay-processor'));
  if (own.problem === null && kafka.problem === null) return {...own.value, kafka: kafka.value};
  const problems = [own.problem, kafka.problem].flatMap((problem) => problem ?? []);
  throw new ForebayError({
    code: 'CONFIG_INVALID',
    message: problems.map(({message}) => message).join('; '),
    hint: problems.map(({hint}) => hint).join('; '),
  });
}

type Attempt<T> =
  | {readonly problem: null; readonly value: T}
  | {readonly problem: ForebayError; readonly value: null};

function attempt<T>(read: () => T): Attempt<T> {
  try {
    return {problem: null, value: read()};
  } catch (error) {
    if (error instanceof ForebayError) return {problem: error, value: null};
    throw error;
  }
}

/** It becomes a folder's name. */
function fileName(value: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(value)) return value;
  throw new Error('must be letters, digits, dots, dashes and underscores');
}
