import {bootstrapTurns} from '../bootstrap-turns.ts';
import {GrouplessReader} from '../committed-reader.ts';
import type {Kafka, KafkaOptions} from '../ports.ts';
import {KafkajsFencedProducer} from './fenced-producer.ts';
import {kafkajsFetchSource} from './fetch-source.ts';
import {KafkajsGroupMember} from './group-member.ts';
import {KafkajsTopicAdmin} from './topic-admin.ts';

/** The Kafka port on kafkajs. Everything opened has connections of its own. */
export function connectKafkajs(options: KafkaOptions): Kafka {
  const next = bootstrapTurns(options);
  return {
    openFencedProducer: (transactionalId, timeoutMs) =>
      KafkajsFencedProducer.open(next(), transactionalId, timeoutMs),
    openReader: async (limits = {}) => new GrouplessReader(kafkajsFetchSource(next()), limits),
    joinGroup: (group) => KafkajsGroupMember.join(next(), group),
    openAdmin: async () => new KafkajsTopicAdmin(next()),
  };
}
