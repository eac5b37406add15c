/** A source of numbers in [0, 1), always from a seed. */
export type Random = () => number;

/** What a fault hits: the runner keeps two faults of one part apart, or not, as it likes. */
export type Part = 'kafka' | 'kafka-link' | 'gateway' | 'gateway-link' | 'drain' | 'processor';

/** One fault, drawn and ready. Its words are those of a `fault` entry of a history. */
export interface Fault {
  /** E.g. `kill-drain`, `lose-answer-kafka-link`. */
  readonly kind: string;
  /** E.g. `drain-a`, `kafka-2`. */
  readonly target: string;
  /** What was drawn besides, for people. */
  readonly detail: string;
  /** Between start and stop; whoever runs it waits. */
  readonly durationMs: number;
  /** Resolves once the fault is in force. When it rejects, `stop` still cleans up. */
  start(): Promise<void>;
  /**
   * Undoes it: what was killed is started again, what was filled is free, what was held is let go. Resolves once that is
   * done, which is before the system has recovered. Any number of calls, also without `start`.
   */
  stop(): Promise<void>;
}

/** One kind of fault that this system can have. */
export interface FaultMaker {
  readonly kind: string;
  readonly part: Part;
  /**
   * Draws target, length and details. Give each fault a `random` of its own seed: a schedule then stays what it was when one
   * of its faults is taken out, which is what shrinking needs.
   */
  make(random: Random): Fault;
}
