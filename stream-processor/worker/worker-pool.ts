import type {ForebayError} from '../../src/lib/errors.ts';
import type {Log} from '../../src/telemetry/log.ts';
import type {PartitionViews} from '../route/partition-views.ts';
import type {Role} from './control.ts';
import {placeTasks} from './place-tasks.ts';
import type {WorkerHost} from './worker-hosts.ts';
import {WorkerLink} from './worker-link.ts';

/** Of a worker that is asked for its status. */
const ANSWER_MS = 2_000;

export interface WorkerPoolOptions {
  readonly workers: number;
  readonly newHost: () => WorkerHost;
  readonly queryUrl: string;
  readonly log: Log;
}

interface Place {
  readonly worker: number;
  readonly role: Role;
}

/** Spreads tasks over workers. A task begins only when what it had open elsewhere in the process is closed. */
export class WorkerPool {
  readonly #workers: readonly WorkerLink[];
  /** Of every task that is wanted. */
  readonly #places = new Map<string, Place>();
  /** Tasks that a worker has still open under a place they have no more. */
  readonly #ending = new Set<string>();
  readonly #failed = Promise.withResolvers<never>();

  constructor({workers, newHost, queryUrl, log}: WorkerPoolOptions) {
    // Whoever runs the pool waits for it; before that nobody does.
    this.#failed.promise.catch(() => {});
    this.#workers = Array.from(
      {length: workers},
      (_, worker) =>
        new WorkerLink(newHost(), {
          worker,
          queryUrl,
          log,
          onEnded: (task) => this.#ended(task),
          onFailed: (error: ForebayError) => this.#failed.reject(error),
        }),
    );
  }

  /** Rejects with the first failure that ends the program. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** The whole of what is wanted from now on. */
  assign(roles: ReadonlyMap<string, Role>): void {
    const before = new Map(Array.from(this.#places, ([task, {worker}]) => [task, worker]));
    const workers = this.#workers.length;
    // Owners and standbys apart, so that each kind is spread evenly.
    for (const role of ['owner', 'standby'] as const) {
      const tasks = [...roles].flatMap(([task, its]) => (its === role ? [task] : []));
      const placed = placeTasks({tasks, before, workers});
      for (const [task, worker] of placed) this.#move(task, {worker, role});
    }
    for (const task of this.#places.keys()) if (!roles.has(task)) this.#end(task);
  }

  /** What the owner of a task knows; `undefined` when it is not assigned to this replica. */
  viewsOf(task: string): PartitionViews | undefined {
    const place = this.#places.get(task);
    return place?.role === 'owner' ? this.#workers[place.worker]!.views : undefined;
  }

  /** The answers of all workers, by their numbers; `undefined` of one that starts or is too busy to answer. */
  ask(path: string): Promise<readonly (string | undefined)[]> {
    return Promise.all(
      this.#workers.map(async (worker) => {
        try {
          const response = await worker.get(path, AbortSignal.timeout(ANSWER_MS));
          return await response.text();
        } catch {
          return undefined;
        }
      }),
    );
  }

  /** Resolves when all tasks have ended. */
  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()));
  }

  #move(task: string, place: Place): void {
    const now = this.#places.get(task);
    if (now?.worker === place.worker && now.role === place.role) return;
    if (now !== undefined) this.#end(task);
    this.#places.set(task, place);
    if (!this.#ending.has(task)) this.#workers[place.worker]!.begin(task, place.role);
  }

  #end(task: string): void {
    const {worker} = this.#places.get(task)!;
    this.#places.delete(task);
    // It never began at this place when it is still ending at an earlier one.
    if (this.#ending.has(task)) return;
    this.#ending.add(task);
    this.#workers[worker]!.end(task);
  }

  #ended(task: string): void {
    this.#ending.delete(task);
    const place = this.#places.get(task);
    if (place !== undefined) this.#workers[place.worker]!.begin(task, place.role);
  }
}
