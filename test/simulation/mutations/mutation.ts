import type {Invariant} from '../../chaos/history/verdict.ts';
import type {Focus} from '../schedule.ts';

interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  /** Must be there exactly once. */
  readonly find: string;
  readonly replace: string;
}

/**
 * A guard of exactly-once taken out of the product. With it gone some simulation must end in a violation of an expected
 * kind, or the simulation and its checker would not see the guard missing either.
 */
export interface Mutation {
  /** What is no longer so. */
  readonly name: string;
  readonly edits: readonly Edit[];
  readonly expected: readonly Invariant[];
  /** The first that does. */
  readonly seed: number;
  /** Where ordinary schedules seldom get. */
  readonly focus?: Focus;
}
