import {hostname} from 'node:os';
import packageJson from '../../package.json' with {type: 'json'};
import {kafkaOptionsFromEnv} from '../kafka/kafka-options.ts';
import type {KafkaOptions} from '../kafka/ports.ts';
import {readConfig, text, type ConfigTable, type ConfigValues} from '../lib/config.ts';
import {ForebayError} from '../lib/errors.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** Variables that mean the same to every Node program. */
export const COMMON_OPTIONS = {
  host: {
    env: 'FOREBAY_HOST',
    description: 'address to listen on; 0.0.0.0 in a container',
    parse: text,
    default: '127.0.0.1',
  },
  pipelinePath: {
    env: 'FOREBAY_PIPELINE',
    description: 'path of the pipeline definition; the shipped one without it',
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

/** What a replica of the drain or the processor has besides. */
export const REPLICA_OPTIONS = {
  ...COMMON_OPTIONS,
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
} as const;

/** @throws ForebayError `CONFIG_INVALID` that lists everything wrong, the Kafka variables included. */
export function readKafkaProgramConfig<Table extends ConfigTable>(
  table: Table,
  env: Env,
  clientId: string,
): ConfigValues<Table> & {readonly kafka: KafkaOptions} {
  const own = attempt(() => readConfig(table, env));
  const kafka = attempt(() => kafkaOptionsFromEnv(env, clientId));
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

/** It becomes a folder's name and a member's id. */
function fileName(value: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(value)) return value;
  throw new Error('must be letters, digits, dots, dashes and underscores');
}
