import type {Kafka, KafkaOptions} from '../ports.ts';
import {PlatformaticReader} from './committed-reader.ts';
import {PlatformaticFencedProducer} from './fenced-producer.ts';
import {PlatformaticGroupMember} from './group-member.ts';
import {PlatformaticTopicAdmin} from './topic-admin.ts';

/** The Kafka port on @platformatic/kafka. Everything opened has connections of its own. */
export function connectPlatformatic(options: KafkaOptions): Kafka {
  return {
    openFencedProducer: (transactionalId, timeoutMs) =>
      PlatformaticFencedProducer.open(options, transactionalId, timeoutMs),
    openReader: async (limits = {}) => new PlatformaticReader(options, limits),
    joinGroup: (group) => PlatformaticGroupMember.join(options, group),
    openAdmin: async () => new PlatformaticTopicAdmin(options),
  };
}
