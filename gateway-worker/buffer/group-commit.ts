/**
 * Many requests, one commit. The first request of an idle object commits at once; those that arrive while a commit is
 * being made durable are committed together after it.
 *
 * Invariants: one commit at a time, in the order of arrival; a request is answered only after its commit is durable;
 * whatever is thrown rejects every request of that commit and of no other, and the next ones go on. So no request can
 * wait for ever, which would be the worst fault this file could have.
 * Crash: what is in memory here has not been answered, so its sender tries again.
 */
import {assert} from '../../src/lib/assert.ts';

export interface GroupCommitOptions<Request, Result> {
  /** Writes all of them in one transaction, or throws and has changed nothing. One result each. */
  readonly commit: (requests: readonly Request[]) => readonly Result[];
  /** Resolves when what `commit` wrote is durable. */
  readonly sync: () => Promise<void>;
  /** After a commit became durable and its requests were answered. Must not throw. */
  readonly onDurable?: () => void;
  /** `sync` failed: memory is ahead of storage. */
  readonly onBroken: (error: unknown) => void;
  readonly sizeOf: (request: Request) => number;
  /** Of one commit; a single larger request is a commit of its own. */
  readonly maxCommitBytes: number;
}

interface Waiter<Request, Result> {
  readonly request: Request;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export class GroupCommit<Request, Result> {
  readonly #options: GroupCommitOptions<Request, Result>;
  #waiting: Waiter<Request, Result>[] = [];
  #waitingBytes = 0;
  #isRunning = false;

  constructor(options: GroupCommitOptions<Request, Result>) {
    this.#options = options;
  }

  /** Of requests that no commit has taken yet; callers bound it. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  submit(request: Request): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({request, resolve, reject});
      this.#waitingBytes += this.#options.sizeOf(request);
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      while (this.#waiting.length > 0) await this.#commitNext(this.#take());
    } finally {
      this.#isRunning = false;
    }
  }

  async #commitNext(waiters: readonly Waiter<Request, Result>[]): Promise<void> {
    let results: readonly Result[];
    try {
      results = this.#options.commit(waiters.map(({request}) => request));
      assert(results.length === waiters.length, 'a commit answers each of its requests');
    } catch (error) {
      for (const {reject} of waiters) reject(error);
      return;
    }
    try {
      await this.#options.sync();
    } catch (error) {
      for (const {reject} of waiters) reject(error);
      this.#options.onBroken(error);
      return;
    }
    waiters.forEach(({resolve}, index) => resolve(results[index]!));
    this.#options.onDurable?.();
  }

  #take(): readonly Waiter<Request, Result>[] {
    let bytes = 0;
    let count = 0;
    for (const {request} of this.#waiting) {
      const size = this.#options.sizeOf(request);
      if (count > 0 && bytes + size > this.#options.maxCommitBytes) break;
      bytes += size;
      count += 1;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }
}
