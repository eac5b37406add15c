import {backoffMs} from '../../src/lib/backoff.ts';
import {toError} from '../../src/lib/errors.ts';
import type {Log} from '../../src/telemetry/log.ts';
import type {Env} from '../env.ts';
import type {AppendRequest} from './append-protocol.ts';
import type {AppendOutcome} from './call-queue.ts';
import {hashAt} from './hash-entries.ts';

/** The first call and this many more; the platform itself repeats calls that never arrived. */
const MAX_RETRIES = 3;
const RETRY_FIRST_MS = 20;
const RETRY_MAX_MS = 500;

/** What the platform puts on errors of calls to Durable Objects. */
interface CallError extends Error {
  readonly overloaded?: boolean;
  readonly retryable?: boolean;
}

export interface CallShardOptions {
  readonly env: Env;
  readonly shard: string;
  readonly request: AppendRequest;
  readonly remainingMs: () => number;
  readonly random: () => number;
  readonly log: Log;
}

/**
 * One append, tried again only where that is safe: an overloaded shard is left alone, and records without an id may not
 * be sent twice when it is not known whether the first time arrived.
 */
export async function callShard(options: CallShardOptions): Promise<AppendOutcome> {
  const {env, shard, request, remainingMs, random, log} = options;
  const isIdempotent = request.batches.every(
    ({ids, count}) => ids !== null && hasAllIds(ids, count),
  );
  for (let attempt = 0; ; attempt += 1) {
    try {
      // A stub that failed once may be broken for good, so each try gets its own.
      return await env.SHARD.getByName(shard).append({...request, mayWait: true});
    } catch (thrown) {
      const error: CallError = toError(thrown);
      if (error.overloaded === true) return {kind: 'overloaded'};
      const waitMs = backoffMs(attempt, {firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS, random});
      const isWorthIt = error.retryable === true && isIdempotent && attempt < MAX_RETRIES;
      if (!isWorthIt || waitMs >= remainingMs()) {
        log.warn('A shard did not answer an append', {shard, attempt, error: error.message});
        return {kind: 'unknown'};
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
}

function hasAllIds(ids: Uint8Array, count: number): boolean {
  for (let index = 0; index < count; index += 1) if (hashAt(ids, index) === null) return false;
  return true;
}
