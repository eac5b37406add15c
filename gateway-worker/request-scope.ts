import type {Deadline} from './deadline.ts';
import type {Env} from './env.ts';

/** What belongs to the request on whose behalf something is appended. */
export interface RequestScope {
  readonly env: Env;
  readonly deadline: Deadline;
  readonly waitUntil: (promise: Promise<unknown>) => void;
}
