import {utf8} from '../src/lib/bytes.ts';
import {DRAIN_TASKS} from '../src/protocol/topics.ts';
import {partitionOf} from '../src/record/shard.ts';

/**
 * The drain task that owns a shard, and so the partition of the progress topic its positions are in. Changing it, or
 * `DRAIN_TASKS`, would make a shard's new owner read another partition than its old one wrote.
 */
export function taskOfShard(shardName: string): number {
  return partitionOf(utf8(shardName), DRAIN_TASKS);
}
