/**
 * Virtual time and who runs in it. Everything that happens is an event of this queue, one after another; after each, all
 * promises that it settled have run to where they wait for the next event. So a run depends on its seed and nothing else.
 *
 * A process is what can be killed or paused on its own. Timers and callbacks belong to the process whose event set them
 * up: a dead process's never run, a paused one's run when it wakes, late and in order, which is what makes a zombie.
 */

/** More than any good run has: what goes on for ever must not hang the test. */
const MAX_EVENTS = 400_000;

export class SimProcess {
  readonly name: string;
  isDead = false;
  isPaused = false;
  /** What its wall clock is off by. */
  clockOffsetMs = 0;
  readonly deferred: (() => void)[] = [];
  /** What the operating system would do: close files and connections. */
  readonly onDeath: (() => void)[] = [];

  constructor(name: string) {
    this.name = name;
  }
}

export interface SimTimer {
  readonly atMs: number;
  readonly order: number;
  readonly process: SimProcess | null;
  readonly act: () => void;
  isCancelled: boolean;
}

export class Scheduler {
  /** Monotonic, since the run began. */
  nowMs = 0;
  current: SimProcess | null = null;
  events = 0;
  readonly #turn: () => Promise<void>;
  readonly #heap: SimTimer[] = [];
  #order = 0;

  /** `turn` resolves after all promises have run: one turn of the real event loop. */
  constructor(turn: () => Promise<void>) {
    this.#turn = turn;
  }

  after(delayMs: number, process: SimProcess | null, act: () => void): SimTimer {
    const atMs = this.nowMs + Math.max(0, delayMs);
    const timer = {atMs, order: this.#order++, process, act, isCancelled: false};
    this.#push(timer);
    return timer;
  }

  /** Runs until `isDone`, looked at after each event, or until virtual `limitMs`. @returns whether it is done */
  async run(isDone: () => boolean, limitMs: number): Promise<boolean> {
    while (!isDone()) {
      const timer = this.#pop();
      if (timer === undefined || timer.atMs > limitMs) return false;
      if (timer.isCancelled || timer.process?.isDead === true) continue;
      this.nowMs = timer.atMs;
      if (timer.process?.isPaused === true) {
        timer.process.deferred.push(() => !timer.isCancelled && timer.act());
        continue;
      }
      if (++this.events > MAX_EVENTS) throw new Error(`over ${MAX_EVENTS} events in one run`);
      this.current = timer.process;
      timer.act();
      await this.#turn();
      this.current = null;
    }
    return true;
  }

  kill(process: SimProcess): void {
    if (process.isDead) return;
    process.isDead = true;
    process.deferred.length = 0;
    for (const act of process.onDeath.splice(0)) act();
  }

  resume(process: SimProcess): void {
    process.isPaused = false;
    for (const act of process.deferred.splice(0)) this.after(0, process, act);
  }

  #push(timer: SimTimer): void {
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(heap[parent]!, timer)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): SimTimer | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (isBefore(last, heap[child]!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(one: SimTimer, other: SimTimer): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
