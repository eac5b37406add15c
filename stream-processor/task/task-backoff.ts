import {backoffMs} from '../../src/lib/backoff.ts';
import type {Clock} from '../../src/lib/clock.ts';

/** Trouble that last came so long ago is over: the next wait is the shortest again. */
const CALM_MS = 300_000;

/** Waits before the next try, in milliseconds: the first, and what they grow to. */
const BACKOFF = {
  /** A task after an unknown outcome, or anything else that went wrong. */
  failed: {firstMs: 100, maxMs: 5_000},
  /** A task after it was fenced: two owners by mistake must not fence each other hot. */
  fenced: {firstMs: 1_000, maxMs: 60_000},
  /** The same commit again after an abort. */
  abort: {firstMs: 20, maxMs: 1_000},
} as const;

export type TaskTrouble = 'failed' | 'fenced';

export interface TaskBackoffOptions {
  readonly clock: Clock;
  readonly random: () => number;
}

/**
 * How long a task waits before it starts over. Only a commit proves that a task works: one that fails or is aborted
 * every time reads well in between. It proves nothing about being fenced, because two owners commit in turn.
 */
export class TaskBackoff {
  readonly #options: TaskBackoffOptions;
  readonly #times = {failed: 0, fenced: 0};
  readonly #lastMs = {failed: 0, fenced: 0};

  constructor(options: TaskBackoffOptions) {
    this.#options = options;
  }

  committed(): void {
    this.#times.failed = 0;
  }

  waitMs(trouble: TaskTrouble): number {
    const {clock, random} = this.#options;
    const nowMs = clock.nowMs();
    if (nowMs - this.#lastMs[trouble] > CALM_MS) this.#times[trouble] = 0;
    this.#lastMs[trouble] = nowMs;
    return backoffMs(this.#times[trouble]++, {...BACKOFF[trouble], random});
  }

  /** `aborts`: of this commit before, from 0. */
  abortMs(aborts: number): number {
    return backoffMs(aborts, {...BACKOFF.abort, random: this.#options.random});
  }
}
