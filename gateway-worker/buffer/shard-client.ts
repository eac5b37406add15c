import type {Log} from '../../src/telemetry/log.ts';
import {EXPIRED} from '../deadline.ts';
import {overflowOf} from '../overflow/send-overflow.ts';
import type {RequestScope} from '../request-scope.ts';
import type {EncodedBatch} from './append-protocol.ts';
import {CallQueue} from './call-queue.ts';
import type {AppendOutcome} from './call-queue.ts';
import {callShard} from './call-shard.ts';

export interface ShardClientOptions {
  readonly nowMs: () => number;
  readonly random: () => number;
  readonly log: Log;
  /** Of the streams whose events may overflow. */
  readonly orders: ReadonlyMap<string, 'kept' | 'waived'>;
  readonly newMessageId: () => string;
}

/** The Worker's way to the shards: one queue of calls for each. */
export class ShardClient {
  readonly #options: ShardClientOptions;
  /** As many as the definition has shards: names are never made of a sender's input. */
  readonly #queues = new Map<string, CallQueue>();

  constructor(options: ShardClientOptions) {
    this.#options = options;
  }

  /** Answers by the request's deadline, whatever the shard does. Never rejects. */
  async append(
    shard: string,
    batches: readonly EncodedBatch[],
    {env, deadline, waitUntil}: RequestScope,
  ): Promise<AppendOutcome> {
    const {random, log, orders, newMessageId} = this.#options;
    const order = orders.get(shard.slice(0, shard.lastIndexOf('/')));
    const entry = this.#queueOf(shard).add(
      batches,
      (request) =>
        callShard({env, shard, request, remainingMs: () => deadline.remainingMs, random, log}),
      order === undefined
        ? null
        : overflowOf({env, shard, order, waitUntil, log, newId: newMessageId}),
    );
    if (entry.leading !== null) waitUntil(entry.leading);
    const outcome = await deadline.race(entry.outcome);
    if (outcome !== EXPIRED) return outcome;
    return {kind: entry.withdraw() ? 'refused' : 'unknown'};
  }

  #queueOf(shard: string): CallQueue {
    let queue = this.#queues.get(shard);
    if (queue === undefined) {
      queue = new CallQueue(this.#options.nowMs);
      this.#queues.set(shard, queue);
    }
    return queue;
  }
}
