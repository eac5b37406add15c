import {setTimeout as delay} from 'node:timers/promises';
import {describeError, ForebayError} from '../../src/lib/errors.ts';
import {connectKafka} from '../../src/kafka/connect-kafka.ts';
import type {Kafka} from '../../src/kafka/ports.ts';
import {kafkaOptionsFromEnv} from '../../src/kafka/kafka-options.ts';

const RETRY_MS = 500;

/**
 * Waits until a cluster answers a request, which an open port alone does not show.
 * @throws ForebayError `KAFKA_UNREACHABLE`
 */
export async function kafkaAnswers(
  env: Readonly<Record<string, string | undefined>>,
  {deadlineMs, signal}: {readonly deadlineMs: number; readonly signal: AbortSignal},
): Promise<void> {
  const kafka = connectKafka(kafkaOptionsFromEnv(env, 'forebay-start'));
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    try {
      await askOnce(kafka);
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (Date.now() > deadline) {
        throw new ForebayError({
          code: 'KAFKA_UNREACHABLE',
          message: `no Kafka answers at ${env['KAFKA_BROKERS']}: ${describeError(error)}`,
          hint: 'start it, or leave KAFKA_BROKERS out to have one started here',
        });
      }
      await delay(RETRY_MS, undefined, {signal});
    }
  }
}

async function askOnce(kafka: Kafka): Promise<void> {
  const admin = await kafka.openAdmin();
  try {
    await admin.describeTopics(['__consumer_offsets']);
  } finally {
    await admin.close();
  }
}
