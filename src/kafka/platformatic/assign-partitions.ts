import type {GroupPartitionsAssigner} from '@platformatic/kafka';

/**
 * Partition p of a topic goes to member p mod n, members in the order of their ids. A static member's id
 * starts with its instance id, so a member that comes back gets what it had, and every topic of one group
 * is split alike. The library's assigner takes members in the order the broker lists them, which changes.
 */
export const assignPartitions: GroupPartitionsAssigner = (_current, members, topics, metadata) => {
  const memberIds = [...members.keys()].toSorted();
  return memberIds.map((memberId, index) => {
    const assignments = new Map<string, {topic: string; partitions: number[]}>();
    for (const topic of topics) {
      const count = metadata.topics.get(topic)?.partitionsCount ?? 0;
      const partitions: number[] = [];
      for (let p = index; p < count; p += memberIds.length) partitions.push(p);
      assignments.set(topic, {topic, partitions});
    }
    return {memberId, assignments};
  });
};
