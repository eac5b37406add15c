import type {Kafka, KafkaOptions} from '../ports.ts';

/** The Kafka port on kafkajs. Everything opened has connections of its own. */
export function connectKafkajs(_options: KafkaOptions): Kafka {
  throw new Error('not built yet');
}
