import type {Clock} from '../../src/lib/clock.ts';
import type {Log} from '../../src/telemetry/log.ts';

/** How often the log says how far a restore is. */
const LOG_INTERVAL_MS = 3_000;
/** How many records lie between two looks at the clock. */
const RECORDS_PER_LOOK = 1_024;

/** How far a restore is: records read back, of about how many. Compaction leaves fewer than there are offsets. */
export class RestoreProgress {
  readonly #task: string;
  readonly #clock: Clock;
  readonly #log: Log;
  #read = 0;
  #of = 0;
  #toldMs: number;

  constructor({task, clock, log}: {task: string; clock: Clock; log: Log}) {
    this.#task = task;
    this.#clock = clock;
    this.#log = log;
    this.#toldMs = clock.nowMs();
  }

  get read(): number {
    return this.#read;
  }

  /** At most; 0 while it is not known. */
  get of(): number {
    return this.#of;
  }

  begin(of: number): void {
    this.#read = 0;
    this.#of = of;
  }

  add(): void {
    this.#read++;
    if (this.#read % RECORDS_PER_LOOK === 0) this.#tell();
  }

  toString(): string {
    return `${this.#read} of at most ${this.#of} records are read back`;
  }

  #tell(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#toldMs < LOG_INTERVAL_MS) return;
    this.#toldMs = nowMs;
    this.#log.info('a task is restoring', {task: this.#task, read: this.#read, of: this.#of});
  }
}
