/** Two replicas of a program: processes that are started, stopped, killed and paused. */
import {SimProcess} from './engine/scheduler.ts';
import type {World} from './engine/world.ts';

/** A program at work. `stop` is SIGTERM. */
export interface Running {
  stop(): Promise<void>;
}

interface Slot<Program> {
  readonly process: SimProcess;
  running: Program | null;
}

export interface ReplicasOptions<Program> {
  readonly world: World;
  readonly program: string;
  readonly start: (process: SimProcess, replica: number) => Program;
}

export const REPLICAS = 2;

export class Replicas<Program extends Running> {
  readonly #options: ReplicasOptions<Program>;
  readonly #slots: (Slot<Program> | null)[] = Array.from({length: REPLICAS}, () => null);
  #starts = 0;
  /** The one that works when all is well. */
  main = 0;

  constructor(options: ReplicasOptions<Program>) {
    this.#options = options;
  }

  start(replica: number): void {
    if (this.#slots[replica] !== null) return;
    const {world, program, start} = this.#options;
    const process = new SimProcess(`${program}-${replica}.${this.#starts++}`);
    const slot: Slot<Program> = {process, running: null};
    this.#slots[replica] = slot;
    world.scheduler.after(0, process, () => {
      slot.running = start(process, replica);
    });
  }

  kill(replica: number): void {
    const slot = this.#slots[replica];
    if (slot == null) return;
    this.#slots[replica] = null;
    this.#options.world.scheduler.kill(slot.process);
  }

  stop(replica: number): void {
    const slot = this.#slots[replica];
    if (slot == null) return;
    this.#options.world.scheduler.after(0, slot.process, () => {
      void slot.running?.stop().then(() => {
        if (this.#slots[replica] === slot) this.#slots[replica] = null;
      });
    });
  }

  resume(process: SimProcess): void {
    this.#options.world.scheduler.resume(process);
  }

  processOf(replica: number): SimProcess | null {
    return this.#slots[replica]?.process ?? null;
  }

  /** The main one, when it is up. */
  get running(): Program | null {
    return this.#slots[this.main]?.running ?? null;
  }

  /** All well again: the main one works, alone. */
  heal(): void {
    for (let replica = 0; replica < REPLICAS; replica++) {
      const process = this.processOf(replica);
      if (process !== null) this.#options.world.scheduler.resume(process);
      if (replica === this.main) this.start(replica);
      else this.stop(replica);
    }
  }
}
