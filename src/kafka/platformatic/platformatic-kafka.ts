import {GrouplessReader} from '../committed-reader.ts';
import {bootstrapTurns} from '../bootstrap-turns.ts';
import type {Kafka, KafkaOptions} from '../ports.ts';
import {PlatformaticFencedProducer} from './fenced-producer.ts';
import {platformaticFetchSource} from './fetch-source.ts';
import {PlatformaticGroupMember} from './group-member.ts';
import {PlatformaticTopicAdmin} from './topic-admin.ts';

/** The Kafka port on @platformatic/kafka. Everything opened has connections of its own. */
export function connectPlatformatic(options: KafkaOptions): Kafka {
  const next = bootstrapTurns(options);
  return {
    openFencedProducer: (transactionalId, timeoutMs) =>
      PlatformaticFencedProducer.open(next(), transactionalId, timeoutMs),
    openReader: async (limits = {}) => new GrouplessReader(platformaticFetchSource(next()), limits),
    joinGroup: (group) => PlatformaticGroupMember.join(next(), group),
    openAdmin: async () => new PlatformaticTopicAdmin(next()),
  };
}
