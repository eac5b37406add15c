import {randomBytes} from 'node:crypto';
import {inject} from 'vitest';
import {connectKafka} from '../../src/kafka/connect-kafka.ts';
import type {Kafka} from '../../src/kafka/ports.ts';

export interface KafkaForTests {
  readonly brokers: string;
  readonly kafka: Kafka;
}

/** The broker all tests of a run share. Its topics stay, so every test makes names of its own. */
export function kafkaForTests(clientId = 'test'): KafkaForTests {
  const brokers = inject('kafkaBrokers');
  return {brokers, kafka: connectKafka({brokers: brokers.split(','), clientId})};
}

/** A name no other test and no earlier run has used: for topics, groups and transactional ids. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}
