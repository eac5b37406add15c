/** How many events may come: a bucket of `burst` tokens, filled with `eventsPerSecond`. */
export interface Quota {
  readonly eventsPerSecond: number;
  /** Events at once; at least 1. */
  readonly burst: number;
}
