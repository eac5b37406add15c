import type {Pipeline} from '../../src/define/pipeline.ts';
import type {BufferCapacity} from '../../src/define/stream.ts';
import {must} from '../../src/lib/assert.ts';
import {rejectedShardOf} from '../../src/record/shard.ts';

export interface ShardLimits {
  readonly capacity: BufferCapacity;
  readonly dedupeWindowMs: number;
}

/** What a stream's rejected events may take; beyond it they are not kept. */
export const REJECTED_MAX_BYTES = 100_000_000;
export const REJECTED_MAX_RECORDS = 1_000_000;

/** What the definition says of a shard. A shard of a stream that was taken out of it keeps what it has and takes no more. */
export function shardLimits(pipeline: Pick<Pipeline, 'streams'>, shard: string): ShardLimits {
  for (const {name, capacity, dedupeWindowMs} of pipeline.streams) {
    if (shard === rejectedShardOf(name).name) {
      return {
        dedupeWindowMs,
        capacity: {
          ...capacity,
          maxBytes: Math.min(capacity.maxBytes, REJECTED_MAX_BYTES),
          maxRecords: Math.min(capacity.maxRecords, REJECTED_MAX_RECORDS),
        },
      };
    }
  }
  const stream = must(shard.split('/')[0], 'a shard name has a stream');
  const definition = pipeline.streams.find(({name}) => name === stream);
  if (definition === undefined) {
    return {capacity: {maxBytes: 0, maxRecords: 0, maxAgeMs: 0}, dedupeWindowMs: 0};
  }
  return {capacity: definition.capacity, dedupeWindowMs: definition.dedupeWindowMs};
}
