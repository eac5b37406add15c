import type {Quota} from '../../src/define/quota.ts';

/** What an isolate asks of a bucket's object. */
export interface LeaseRequest {
  /** The isolate's configuration says how large the bucket is. */
  readonly quota: Quota;
  /** Tokens of earlier leases that were not spent. */
  readonly returned: number;
  /** Events of the request that asks; 0 when none waits for the answer. */
  readonly needed: number;
  /** Events this isolate expects to take in until the lease ends. */
  readonly wanted: number;
}

export interface LeaseAnswer {
  /** Whether what was needed is taken from the bucket. */
  readonly isAdmitted: boolean;
  /** Tokens taken from the bucket for what comes next; spent within LEASE_MS or returned. */
  readonly leased: number;
  /** What the bucket has left after that; below 0 a debt. */
  readonly remaining: number;
}

/** How long an isolate may spend a lease. Also how much later than it was earned a token may be spent. */
export const LEASE_MS = 1_000;
