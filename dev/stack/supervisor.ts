/**
 * Keeps the parts of a stack running.
 *
 * Invariant: while the stack is up every part has exactly one loop, and a loop holds at most one process. A part that
 * ends is started again, at once the first time and after a growing wait when it happens again; MAX_CRASHES crashes
 * within CRASH_WINDOW_MS, of whichever parts, end the supervision with `failed`. After `stop()` has resolved no process
 * of any part is left: a start that was under way is waited for and its process ended.
 */
import {setTimeout as delay} from 'node:timers/promises';
import {backoffMs} from '../../src/lib/backoff.ts';
import type {Clock} from '../../src/lib/clock.ts';
import {describeError, ForebayError, toError} from '../../src/lib/errors.ts';
import type {OnStackEvent, PartName, PartPlan, PartProcess} from './part.ts';

export const MAX_CRASHES = 5;
export const CRASH_WINDOW_MS = 60_000;
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 5_000;
/** Consumers before what they consume from, so that each can finish what it has in hand. */
const STOP_ORDER: readonly PartName[] = ['console', 'processor', 'drain', 'gateway', 'kafka'];

export interface SupervisorOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly onEvent: OnStackEvent;
  /** Called whenever a part has another process. */
  readonly onProcess: (part: PartName, process: {pid: number | undefined}) => void;
}

interface Kept {
  process: PartProcess | undefined;
  loop: Promise<void>;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #parts = new Map<PartName, Kept>();
  readonly #stopping = new AbortController();
  readonly #failure = Promise.withResolvers<ForebayError>();
  #crashes: {readonly part: PartName; readonly atMs: number}[] = [];

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** Resolves, never rejects, when the stack cannot go on. The owner then stops it. */
  get failed(): Promise<ForebayError> {
    return this.#failure.promise;
  }

  process(part: PartName): PartProcess | undefined {
    return this.#parts.get(part)?.process;
  }

  /**
   * Starts a part and keeps it; resolves when it is ready for the first time.
   * @throws ForebayError what `failed` resolves with, when the supervision ends before that.
   */
  async start(plan: PartPlan): Promise<PartProcess> {
    const ready = Promise.withResolvers<PartProcess>();
    const kept: Kept = {process: undefined, loop: Promise.resolve()};
    this.#parts.set(plan.name, kept);
    kept.loop = this.#keep(plan, kept, ready.resolve);
    const first = await Promise.race([ready.promise, this.failed, kept.loop]);
    if (first instanceof Error) throw first;
    if (first !== undefined) return first;
    throw new ForebayError({code: 'STACK_STOPPED', message: `stopped while ${plan.name} started`});
  }

  /** Ends every part, in order. Can be called at any time, more than once. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const name of STOP_ORDER) {
      const kept = this.#parts.get(name);
      await kept?.process?.stop();
      await kept?.loop;
    }
  }

  async #keep(
    plan: PartPlan,
    kept: Kept,
    onFirstReady: (process: PartProcess) => void,
  ): Promise<void> {
    let downSinceMs: number | undefined;
    let hasBeenReady = false;
    while (!this.#isStopping()) {
      try {
        kept.process = await this.#startOnce(plan);
        if (this.#isStopping()) return await kept.process.stop();
        this.#report(plan.name, kept.process, downSinceMs);
        hasBeenReady = true;
        onFirstReady(kept.process);
        const how = await kept.process.ended;
        downSinceMs = this.#options.clock.nowMs();
        await this.#crashed(plan.name, how);
      } catch (error) {
        if (this.#isStopping()) return;
        // Before it ever worked, an error that names its fix (no Java, a busy port) does not go away by itself.
        if (!hasBeenReady && error instanceof ForebayError && !error.isRetryable) {
          return this.#failure.resolve(error);
        }
        downSinceMs ??= this.#options.clock.nowMs();
        await this.#crashed(plan.name, describeError(error));
      }
    }
  }

  #startOnce(plan: PartPlan): Promise<PartProcess> {
    return plan.start({
      signal: this.#stopping.signal,
      onPid: (pid) => this.#options.onProcess(plan.name, {pid}),
    });
  }

  #report(part: PartName, process: PartProcess, downSinceMs: number | undefined): void {
    this.#options.onProcess(part, process);
    if (downSinceMs === undefined) this.#options.onEvent({kind: 'started', part, url: process.url});
    else {
      const downMs = this.#options.clock.nowMs() - downSinceMs;
      this.#options.onEvent({kind: 'restarted', part, downMs});
    }
  }

  /** Notes a crash, then waits as long as this part should be left alone. */
  async #crashed(part: PartName, how: string): Promise<void> {
    if (this.#isStopping()) return;
    const nowMs = this.#options.clock.nowMs();
    const recent = this.#crashes.filter(({atMs}) => nowMs - atMs < CRASH_WINDOW_MS);
    this.#crashes = [...recent, {part, atMs: nowMs}];
    this.#options.onEvent({kind: 'crashed', part, how});
    if (this.#crashes.length >= MAX_CRASHES) return this.#giveUp();
    const earlier = recent.filter((crash) => crash.part === part).length;
    if (earlier === 0) return;
    const waitMs = backoffMs(earlier - 1, {
      firstMs: FIRST_WAIT_MS,
      maxMs: MAX_WAIT_MS,
      random: this.#options.random,
    });
    await delay(waitMs, undefined, {signal: this.#stopping.signal}).catch(toError);
  }

  #giveUp(): void {
    const parts = [...new Set(this.#crashes.map(({part}) => part))].sort().join(', ');
    this.#failure.resolve(
      new ForebayError({
        code: 'STACK_KEEPS_CRASHING',
        message: `${MAX_CRASHES} crashes within ${CRASH_WINDOW_MS / 1000} s (${parts})`,
        hint: 'see the logs of these parts in the state directory',
      }),
    );
    this.#stopping.abort();
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }
}
