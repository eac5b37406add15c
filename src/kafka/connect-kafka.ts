import {connectPlatformatic} from './platformatic/platformatic-kafka.ts';
import type {Kafka, KafkaOptions} from './ports.ts';

/** The Kafka port of this process. Nothing is connected until something is opened. */
export function connectKafka(options: KafkaOptions): Kafka {
  return connectPlatformatic(options);
}
