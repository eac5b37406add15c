import {ShardLog} from '../../../gateway-worker/buffer/shard-log.ts';
import type {ShardLogOptions} from '../../../gateway-worker/buffer/shard-log.ts';

/** What an object's storage holds, read anew: as after an eviction. */
export function shardLogOn(
  storage: DurableObjectStorage,
  options: Partial<ShardLogOptions> = {},
): ShardLog {
  return new ShardLog({
    storage,
    capacity: {maxBytes: 1e12, maxRecords: 1e9, maxAgeMs: 1e12, maxDatabaseBytes: 1e12},
    dedupeWindowMs: 60_000,
    dedupeMaxIds: 1_000_000,
    onForgottenEarly: () => undefined,
    nowMs: () => Date.now(),
    newIncarnation: () => crypto.randomUUID(),
    newSeed: () => crypto.getRandomValues(new Uint8Array(16)),
    ...options,
  });
}
