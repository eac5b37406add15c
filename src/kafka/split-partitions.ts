export interface MemberShare {
  readonly memberId: string;
  /** Partition numbers per topic, ascending. */
  readonly partitions: ReadonlyMap<string, readonly number[]>;
}

/**
 * Partition p of a topic goes to member p mod n, members in the order of their ids. A static member's id
 * starts with its instance id, so a member that comes back gets what it had, and every topic of one group
 * is split alike.
 */
export function splitPartitions(
  memberIds: Iterable<string>,
  partitionCounts: ReadonlyMap<string, number>,
): readonly MemberShare[] {
  const sorted = [...memberIds].toSorted();
  return sorted.map((memberId, index) => {
    const partitions = new Map<string, readonly number[]>();
    for (const [topic, count] of partitionCounts) {
      const share: number[] = [];
      for (let p = index; p < count; p += sorted.length) share.push(p);
      partitions.set(topic, share);
    }
    return {memberId, partitions};
  });
}
