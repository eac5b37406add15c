import {hostname} from 'node:os';
import {kafkaOptionsFromEnv} from '../src/kafka/kafka-options.ts';
import type {KafkaOptions} from '../src/kafka/ports.ts';
import {httpUrl, port, readConfig, text, type Option} from '../src/lib/config.ts';
import {ForebayError} from '../src/lib/errors.ts';
import {DRAIN_TASKS} from '../src/protocol/topics.ts';
import packageJson from '../package.json' with {type: 'json'};

const TABLE = {
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
  host: {
    env: 'FOREBAY_HOST',
    description: 'address to listen on',
    parse: text,
    default: '127.0.0.1',
  },
  replica: {
    env: 'FOREBAY_REPLICA',
    description: 'stable name of this replica, unique among them',
    parse: text,
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
  fixedTasks: {
    env: 'FOREBAY_DRAIN_TASKS',
    description: 'drain tasks of this replica, instead of a consumer group, like 0,3-7',
    parse: parseTasks,
    default: null,
  } as Option<readonly number[] | null>,
  version: {
    env: 'FOREBAY_VERSION',
    description: 'version to report',
    parse: text,
    default: packageJson.version,
  },
} as const;

type Env = Readonly<Record<string, string | undefined>>;

export type DrainConfig = ReturnType<typeof readConfig<typeof TABLE>> & {
  readonly kafka: KafkaOptions;
};

/** @throws ForebayError `CONFIG_INVALID` that lists everything wrong, the Kafka variables included. */
export function drainConfig(env: Env): DrainConfig {
  const own = attempt(() => readConfig(TABLE, env));
  const kafka = attempt(() => kafkaOptionsFromEnv(env, 'forebay-drain'));
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
