import {connectKafkajs} from './kafkajs/kafkajs-kafka.ts';
import {connectPlatformatic} from './platformatic/platformatic-kafka.ts';
import type {Kafka, KafkaClient, KafkaOptions} from './ports.ts';

const ADAPTERS: Readonly<Record<KafkaClient, (options: KafkaOptions) => Kafka>> = {
  platformatic: connectPlatformatic,
  kafkajs: connectKafkajs,
};

/**
 * The Kafka port of this process. Nothing is connected until something is opened.
 *
 * Connections, requests and what is asked again are each adapter's own. The formats in `wire/` and the reader over them
 * serve both; from @platformatic/kafka they, and the kafkajs adapter, take tables and pure functions only (names of errors,
 * checksums, compression, a byte writer), so with KAFKA_CLIENT=kafkajs none of its connections is ever opened.
 */
export function connectKafka(options: KafkaOptions): Kafka {
  return ADAPTERS[options.client ?? 'platformatic'](options);
}
