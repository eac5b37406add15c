import {readdir, rm} from 'node:fs/promises';
import {join} from 'node:path';
import type {Pipeline} from '../../src/define/pipeline.ts';
import {connectKafka} from '../../src/kafka/connect-kafka.ts';
import {kafkaOptionsFromEnv} from '../../src/kafka/kafka-options.ts';
import {topicPlans, TopicNames} from '../../src/protocol/topics.ts';
import {containerName, removeContainer, removeVolume} from './docker.ts';
import type {OnStackEvent} from './part.ts';
import {LOCK_FILE} from './supervisor-lock.ts';

export interface ForgetOptions {
  readonly stateDir: string;
  readonly pipeline: Pipeline;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Somebody's cluster, if one is used. */
  readonly brokers: string | undefined;
  readonly onEvent: OnStackEvent;
}

const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\]):\d+$/;

/**
 * Forgets what earlier starts kept: the state directory, and this pipeline's topics where that is safe. A cluster on
 * this machine is somebody's test cluster; in any other one topics are for their owner to delete.
 */
export async function forgetState(options: ForgetOptions): Promise<void> {
  const {stateDir, pipeline, env, brokers, onEvent} = options;
  const names = (await readdir(stateDir)).filter((name) => name !== LOCK_FILE);
  await Promise.all(names.map((name) => rm(join(stateDir, name), {recursive: true, force: true})));
  if (brokers === undefined) {
    await removeContainer(containerName(stateDir));
    await removeVolume(containerName(stateDir));
  } else if (brokers.split(',').every((broker) => LOOPBACK.test(broker.trim()))) {
    const prefix = env['FOREBAY_TOPIC_PREFIX'] ?? '';
    const topics = topicPlans(pipeline, new TopicNames(prefix, pipeline.name));
    const admin = await connectKafka(
      kafkaOptionsFromEnv({...env, KAFKA_BROKERS: brokers}, 'forebay-start'),
    ).openAdmin();
    try {
      await admin.deleteTopics(topics.map(({name}) => name));
    } finally {
      await admin.close();
    }
  } else {
    onEvent({
      kind: 'progress',
      text: `topics in ${brokers} are kept; FOREBAY_TOPIC_PREFIX gives a start its own`,
    });
  }
}
