import type {KafkaOptions} from '../src/kafka/ports.ts';
import {httpUrl, port, text, type ConfigValues, type Option} from '../src/lib/config.ts';
import {readKafkaProgramConfig, REPLICA_OPTIONS, type Env} from '../src/program/program-config.ts';
import {DRAIN_TASKS} from '../src/protocol/topics.ts';

const TABLE = {
  ...REPLICA_OPTIONS,
  gatewayUrl: {
    env: 'FOREBAY_GATEWAY_URL',
    description: 'base URL of the gateway',
    parse: httpUrl,
    default: 'http://127.0.0.1:8787',
  },
  key: {
    env: 'FOREBAY_DRAIN_KEY',
    description: 'API key of the gateway with the scope drain',
    parse: text,
  },
  port: {
    env: 'FOREBAY_DRAIN_PORT',
    description: 'port of /health, /ready, /metrics and /status',
    parse: port,
    default: 8788,
  },
  fixedTasks: {
    env: 'FOREBAY_DRAIN_TASKS',
    description: 'drain tasks of this replica, instead of a consumer group, like 0,3-7',
    parse: parseTasks,
    default: null,
  } as Option<readonly number[] | null>,
} as const;

export type DrainConfig = ConfigValues<typeof TABLE> & {readonly kafka: KafkaOptions};

/** @throws ForebayError `CONFIG_INVALID` that lists everything wrong, the Kafka variables included. */
export function drainConfig(env: Env): DrainConfig {
  return readKafkaProgramConfig(TABLE, env, 'forebay-drain');
}

/** `0,3-7` → 0, 3, 4, 5, 6, 7. */
export function parseTasks(list: string): readonly number[] {
  const tasks = new Set<number>();
  for (const part of list.split(',')) {
    const match = /^\s*(\d+)\s*(?:-\s*(\d+)\s*)?$/.exec(part);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (match === null || first > last || last >= DRAIN_TASKS) {
      throw new Error(`must list tasks from 0 to ${DRAIN_TASKS - 1}, like 0,3-7`);
    }
    for (let task = first; task <= last; task++) tasks.add(task);
  }
  return [...tasks].sort((a, b) => a - b);
}
