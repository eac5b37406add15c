/**
 * One process of the system, kept running as an orchestrator would: when it ends it is started again after a wait, which
 * grows when it keeps ending. Whoever ended it may end the wait. After `stop()` has resolved none is left.
 */
import type {ChildProcess} from 'node:child_process';
import {setTimeout as sleep} from 'node:timers/promises';
import {endOf, endProcess} from '../../../dev/stack/end-process.ts';
import {backoffMs} from '../../../src/lib/backoff.ts';
import {describeError} from '../../../src/lib/errors.ts';
import type {ChaosProcess} from '../faults/chaos-system.ts';

/** Longer than a fault keeps a process away, so that it is the fault that says when it comes back. */
const FIRST_WAIT_MS = 3_500;
const BACKOFF = {firstMs: 4_000, maxMs: 8_000};
/** A process that lived so long was well: its next end counts as the first. */
const PROVEN_MS = 10_000;

/** What was asked to end and has not by then is killed, as an orchestrator does. */
const GRACE_MS = 12_000;

export interface KeptProcessOptions {
  readonly name: string;
  readonly part: ChaosProcess['part'];
  /** Resolves with the spawned child. */
  readonly spawn: () => Promise<ChildProcess>;
  readonly onEnded: (how: string) => void;
}

export class KeptProcess {
  readonly #options: KeptProcessOptions;
  readonly #stopping = new AbortController();
  #child: ChildProcess | undefined;
  #hurry = new AbortController();
  #loop: Promise<void> | undefined;
  #restarts = 0;

  constructor(options: KeptProcessOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get part(): ChaosProcess['part'] {
    return this.#options.part;
  }

  get pid(): number | undefined {
    const child = this.#child;
    return child?.exitCode === null && child.signalCode === null ? child.pid : undefined;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Starts keeping it; resolves with the first spawn. */
  async start(): Promise<void> {
    this.#child = await this.#options.spawn();
    this.#loop = this.#keep();
  }

  /** Ends the wait; nothing while it runs. */
  restart(): Promise<void> {
    if (this.pid === undefined) this.#hurry.abort();
    return Promise.resolve();
  }

  /** Ends the process that runs; it is started again like one that crashed. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || this.pid === undefined) return;
    const ended = endOf(child);
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
    await ended;
    clearTimeout(late);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#hurry.abort();
    if (this.#child !== undefined) {
      // One that a fault had stopped cannot hear anything else.
      this.#child.kill('SIGCONT');
      await endProcess(this.#child);
    }
    await this.#loop;
  }

  async #keep(): Promise<void> {
    for (let failures = 0; ; failures += 1) {
      const startedMs = performance.now();
      const how = this.#child === undefined ? 'did not start' : await endOf(this.#child);
      if (this.#isStopping()) return;
      if (performance.now() - startedMs > PROVEN_MS) failures = 0;
      this.#options.onEnded(how);
      await this.#wait(failures);
      if (this.#isStopping()) return;
      this.#restarts += 1;
      this.#hurry = new AbortController();
      this.#child = await this.#options.spawn().catch((error: unknown) => {
        this.#options.onEnded(describeError(error));
        return undefined;
      });
      if (this.#isStopping() && this.#child !== undefined) await endProcess(this.#child);
    }
  }

  async #wait(failures: number): Promise<void> {
    const ms =
      failures === 0 ? FIRST_WAIT_MS : backoffMs(failures - 1, {...BACKOFF, random: Math.random});
    await sleep(ms, undefined, {signal: this.#hurry.signal}).catch(() => undefined);
  }

  /** A method, as the answer changes while the loop waits. */
  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }
}
