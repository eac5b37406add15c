/** What the checker says of a history. */

/** One way in which a run can be wrong; the header of each check in check/ says what it asks. */
export type Invariant =
  | 'loss'
  | 'duplicate'
  | 'phantom'
  | 'uncommitted-read'
  | 'offset-disagreement'
  | 'order'
  | 'hole'
  | 'torn-transaction'
  | 'conservation'
  | 'aggregate'
  | 'late'
  | 'query'
  | 'progress';

export interface Violation {
  readonly invariant: Invariant;
  /** One sentence with ids, topics, offsets. */
  readonly detail: string;
}

export interface Verdict {
  readonly isGood: boolean;
  /** At most 20 per invariant; the counts are whole. */
  readonly violations: readonly Violation[];
  readonly counts: {
    readonly requests: number;
    readonly unknownRequests: number;
    /** Distinct events told accepted. */
    readonly accepted: number;
    readonly rejected: number;
    readonly inKafka: number;
    readonly deadLettered: number;
    readonly late: number;
    readonly windows: number;
    readonly faults: Readonly<Record<string, number>>;
    readonly violations: Readonly<Record<Invariant, number>>;
  };
}
