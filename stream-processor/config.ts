import type {KafkaOptions} from '../src/kafka/ports.ts';
import {port, text, type ConfigValues} from '../src/lib/config.ts';
import {readKafkaProgramConfig, REPLICA_OPTIONS, type Env} from '../src/program/program-config.ts';

const TABLE = {
  ...REPLICA_OPTIONS,
  port: {
    env: 'FOREBAY_QUERY_PORT',
    description: 'port of the queries, /health, /ready, /metrics and /status',
    parse: port,
    default: 8789,
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
