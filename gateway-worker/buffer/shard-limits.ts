import type {Pipeline} from '../../src/define/pipeline.ts';
import {days} from '../../src/define/duration.ts';
import {must} from '../../src/lib/assert.ts';
import {auditShardOf, rejectedShardOf} from '../../src/record/shard.ts';
import type {ShardCapacity} from './fill-level.ts';

export interface ShardLimits {
  readonly capacity: ShardCapacity;
  readonly dedupeWindowMs: number;
  readonly dedupeMaxIds: number;
  /** Of records that could not enter the log at once. */
  readonly order: 'kept' | 'waived';
}

/** A Durable Object holds 10 GB, and what trims and forgets needs room to do so. */
const MAX_DATABASE_BYTES = 8_000_000_000;

/** What a stream's rejected events may take; beyond it they are not kept. */
export const REJECTED_MAX_BYTES = 100_000_000;
export const REJECTED_MAX_RECORDS = 1_000_000;

/**
 * Audit records that wait for Kafka; what does not fit stays where it was made. They come from an outbox that sends again
 * until it knows, which is within the window by far.
 */
const AUDIT_LIMITS: ShardLimits = {
  capacity: {
    maxBytes: 100_000_000,
    maxRecords: 1_000_000,
    maxAgeMs: days(365),
    maxDatabaseBytes: MAX_DATABASE_BYTES,
  },
  dedupeWindowMs: days(30),
  dedupeMaxIds: 1_000_000,
  order: 'kept',
};

/** What the definition says of a shard. A shard of a stream that was taken out of it keeps what it has and takes no more. */
export function shardLimits(
  pipeline: Pick<Pipeline, 'name' | 'streams'>,
  shard: string,
): ShardLimits {
  if (shard === auditShardOf(pipeline).name) return AUDIT_LIMITS;
  for (const {name, capacity, dedupeWindowMs, dedupeMaxIds} of pipeline.streams) {
    if (shard === rejectedShardOf(name).name) {
      return {
        dedupeWindowMs,
        dedupeMaxIds,
        order: 'kept',
        capacity: {
          ...capacity,
          maxDatabaseBytes: MAX_DATABASE_BYTES,
          maxBytes: Math.min(capacity.maxBytes, REJECTED_MAX_BYTES),
          maxRecords: Math.min(capacity.maxRecords, REJECTED_MAX_RECORDS),
        },
      };
    }
  }
  const stream = must(shard.split('/')[0], 'a shard name has a stream');
  const definition = pipeline.streams.find(({name}) => name === stream);
  if (definition === undefined) {
    return {
      capacity: {maxBytes: 0, maxRecords: 0, maxAgeMs: 0, maxDatabaseBytes: 0},
      dedupeWindowMs: 0,
      dedupeMaxIds: 0,
      order: 'kept',
    };
  }
  return {
    capacity: {...definition.capacity, maxDatabaseBytes: MAX_DATABASE_BYTES},
    dedupeWindowMs: definition.dedupeWindowMs,
    dedupeMaxIds: definition.dedupeMaxIds,
    order: definition.overflowOrder,
  };
}
