import type {Topology} from '../../src/define/topology.ts';
import {tasksOf, type TaskPlace} from '../task/tasks-of.ts';
import type {Role} from './control.ts';

/** Something that works on a task until it is stopped. */
export interface Work {
  start(): void;
  /** Resolves when all it had open is closed. */
  stop(): Promise<void>;
}

export interface TaskSetOptions<Owned extends Work> {
  readonly topology: Topology;
  readonly newOwned: (place: TaskPlace) => Owned;
  readonly newStandby: (place: TaskPlace) => Work;
  readonly onEnded: (task: string) => void;
}

/** What one worker does for the tasks it was given. */
export class TaskSet<Owned extends Work> {
  readonly #options: TaskSetOptions<Owned>;
  readonly #places: ReadonlyMap<string, TaskPlace>;
  readonly #owned = new Map<string, Owned>();
  readonly #standbys = new Map<string, Work>();
  readonly #ending = new Set<Promise<void>>();

  constructor(options: TaskSetOptions<Owned>) {
    this.#options = options;
    this.#places = new Map(tasksOf(options.topology).map((place) => [place.task, place]));
  }

  /** Those it works on as their owner. */
  get owned(): readonly Owned[] {
    return [...this.#owned.values()];
  }

  get standbys(): number {
    return this.#standbys.size;
  }

  begin(task: string, role: Role): void {
    const place = this.#places.get(task);
    if (place === undefined) return;
    const {newOwned, newStandby} = this.#options;
    if (role === 'owner') {
      const owned = newOwned(place);
      this.#owned.set(task, owned);
      owned.start();
    } else {
      const standby = newStandby(place);
      this.#standbys.set(task, standby);
      standby.start();
    }
  }

  end(task: string): void {
    const work = this.#owned.get(task) ?? this.#standbys.get(task);
    this.#owned.delete(task);
    this.#standbys.delete(task);
    const ending = (work?.stop() ?? Promise.resolve()).then(() => {
      this.#ending.delete(ending);
      this.#options.onEnded(task);
    });
    this.#ending.add(ending);
  }

  /** Ends all. */
  async stop(): Promise<void> {
    for (const task of [...this.#owned.keys(), ...this.#standbys.keys()]) this.end(task);
    await Promise.all(this.#ending);
  }
}
