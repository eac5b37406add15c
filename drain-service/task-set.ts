/** What the set needs of a task: `run` returns only after `stop`. */
export interface RunnableTask {
  run(): Promise<void>;
  stop(): void;
}

interface Running<Task> {
  readonly task: Task;
  readonly done: Promise<void>;
}

/**
 * The tasks this process runs, brought in line with those it should run.
 *
 * Invariant: at most one instance of a task runs at a time. One that is stopping and wanted again starts anew when the
 * old one has ended.
 */
export class TaskSet<Task extends RunnableTask> {
  readonly #create: (number: number) => Task;
  readonly #running = new Map<number, Running<Task>>();
  #wanted: ReadonlySet<number> = new Set();

  constructor(create: (number: number) => Task) {
    this.#create = create;
  }

  get tasks(): readonly Task[] {
    return [...this.#running].sort(([a], [b]) => a - b).map(([, {task}]) => task);
  }

  want(numbers: readonly number[]): void {
    this.#wanted = new Set(numbers);
    for (const [number, {task}] of this.#running) if (!this.#wanted.has(number)) task.stop();
    for (const number of this.#wanted) this.#start(number);
  }

  /** Resolves when every task has ended. */
  async stopAll(): Promise<void> {
    this.want([]);
    await Promise.all([...this.#running.values()].map(({done}) => done));
  }

  #start(number: number): void {
    if (this.#running.has(number)) return;
    const task = this.#create(number);
    const done = task.run().finally(() => {
      this.#running.delete(number);
      if (this.#wanted.has(number)) this.#start(number);
    });
    this.#running.set(number, {task, done});
  }
}
