import type {GroupPartitionsAssigner} from '@platformatic/kafka';
import {splitPartitions} from '../split-partitions.ts';

/** The library's own assigner takes members in the order the broker lists them, which changes. */
export const assignPartitions: GroupPartitionsAssigner = (_current, members, topics, metadata) => {
  const counts = new Map<string, number>();
  for (const topic of topics) counts.set(topic, metadata.topics.get(topic)?.partitionsCount ?? 0);
  return splitPartitions(members.keys(), counts).map(({memberId, partitions}) => ({
    memberId,
    assignments: new Map(
      [...partitions].map(([topic, numbers]) => [topic, {topic, partitions: [...numbers]}]),
    ),
  }));
};
