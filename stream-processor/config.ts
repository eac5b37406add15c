import {availableParallelism} from 'node:os';
import type {KafkaOptions} from '../src/kafka/ports.ts';
import {httpUrl, port, text, wholeNumber, type ConfigValues} from '../src/lib/config.ts';
import {readKafkaProgramConfig, REPLICA_OPTIONS, type Env} from '../src/program/program-config.ts';

/** Of one process. Each has a heap and connections of its own; a machine with more cores runs more replicas. */
const MAX_WORKERS = 64;

const TABLE = {
  ...REPLICA_OPTIONS,
  port: {
    env: 'FOREBAY_QUERY_PORT',
    description: 'port of the queries, /health, /ready, /metrics and /status',
    parse: port,
    default: 8789,
  },
  queryUrl: {
    env: 'FOREBAY_QUERY_URL',
    description: 'where other replicas reach the queries of this one; its host and port without it',
    parse: httpUrl,
    default: '',
  },
  workers: {
    env: 'FOREBAY_WORKERS',
    description: 'threads that work on tasks; as many as there are cores without it',
    parse: wholeNumber(1, MAX_WORKERS),
    default: Math.min(availableParallelism(), MAX_WORKERS),
  },
  hasStandby: {
    env: 'FOREBAY_STANDBY',
    description: 'true: follow the state of the tasks of other replicas, to take over quickly',
    parse: trueOrFalse,
    default: false,
  },
  stateDir: {
    env: 'FOREBAY_STATE_DIR',
    description: 'where checkpoints are kept',
    parse: text,
    default: '.forebay',
  },
} as const;

export type ProcessorConfig = ConfigValues<typeof TABLE> & {readonly kafka: KafkaOptions};

/** @throws ForebayError `CONFIG_INVALID` that lists everything wrong, the Kafka variables included. */
export function processorConfig(env: Env): ProcessorConfig {
  return readKafkaProgramConfig(TABLE, env, 'forebay-processor');
}

function trueOrFalse(value: string): boolean {
  if (value === 'true' || value === 'false') return value === 'true';
  throw new Error('must be true or false');
}
