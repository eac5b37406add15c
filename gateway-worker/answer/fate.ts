import type {Issue} from '../validate/issue.ts';

/** What became of one event of a request. */
export type Fate = StoredFate | RejectedFate | RetryFate;

/** Durable: just now, or before under the same id. */
export interface StoredFate {
  readonly status: 'accepted' | 'duplicate';
  readonly id: string;
  readonly shard: string;
  /** `null`: it waits for its turn in overflow/ and gets its seq later. */
  readonly seq: number | null;
}

export interface RejectedFate {
  /** `quarantined`: the sender gets 2xx, because the event is kept as rejected. */
  readonly status: 'rejected' | 'quarantined';
  /** When the sender gave one. */
  readonly id: string | null;
  readonly issues: readonly Issue[];
}

export function isRejected(fate: Fate): fate is RejectedFate {
  return fate.status === 'rejected';
}

/** Not known to be durable; the sender should send it again, with the same id if it can. */
export interface RetryFate {
  readonly status: 'retry';
  readonly id: string | null;
  /** The buffer is full: trying again at once is no use. */
  readonly isFull: boolean;
}
