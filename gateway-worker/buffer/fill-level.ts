import type {BufferCapacity} from '../../src/define/stream.ts';
import type {AppendFull} from './append-protocol.ts';

/** How full a shard is. */
export interface FillLevel {
  readonly bytes: number;
  readonly records: number;
  /** Of the oldest record. */
  readonly ageMs: number;
  /** All of the object's storage: the log, the ids that were seen, what waits in overflow/. */
  readonly databaseBytes: number;
}

export interface ShardCapacity extends BufferCapacity {
  readonly maxDatabaseBytes: number;
}

/** A shard that was full takes appends again below this part of every bound, so that it does not change its mind all the time. */
const LOW_WATER = 0.9;

/** The bound that is exceeded; `null` when none is. */
export function exceededBound(
  level: FillLevel,
  capacity: ShardCapacity,
): AppendFull['bound'] | null {
  if (level.bytes > capacity.maxBytes) return 'bytes';
  if (level.records > capacity.maxRecords) return 'records';
  if (level.ageMs > capacity.maxAgeMs) return 'age';
  return level.databaseBytes > capacity.maxDatabaseBytes ? 'database' : null;
}

/** The bounds below which a shard that was full has room again. */
export function lowWaterOf(capacity: ShardCapacity): ShardCapacity {
  return {
    maxBytes: capacity.maxBytes * LOW_WATER,
    maxRecords: capacity.maxRecords * LOW_WATER,
    maxAgeMs: capacity.maxAgeMs * LOW_WATER,
    maxDatabaseBytes: capacity.maxDatabaseBytes * LOW_WATER,
  };
}
