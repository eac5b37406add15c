import {connectKafkajs} from './kafkajs/kafkajs-kafka.ts';
import {connectPlatformatic} from './platformatic/platformatic-kafka.ts';
import type {Kafka, KafkaClient, KafkaOptions} from './ports.ts';

const ADAPTERS: Readonly<Record<KafkaClient, (options: KafkaOptions) => Kafka>> = {
  platformatic: connectPlatformatic,
  kafkajs: connectKafkajs,
};

/** The Kafka port of this process. Nothing is connected until something is opened. */
export function connectKafka(options: KafkaOptions): Kafka {
  return ADAPTERS[options.client ?? 'platformatic'](options);
}
