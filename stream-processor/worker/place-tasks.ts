export interface PlaceTasksOptions {
  /** In the order in which they find their places. */
  readonly tasks: readonly string[];
  /** Where they were until now. */
  readonly before: ReadonlyMap<string, number>;
  readonly workers: number;
}

/**
 * Spreads tasks evenly: a task stays where it was unless its worker would have more than its share, and the others go to
 * the worker with the fewest. So a task moves only when the assignment changes, and no worker has two more than another.
 */
export function placeTasks({tasks, before, workers}: PlaceTasksOptions): Map<string, number> {
  const share = Math.ceil(tasks.length / workers);
  const loads = Array.from({length: workers}, () => 0);
  const placed = new Map<string, number>();
  const put = (task: string, worker: number) => {
    placed.set(task, worker);
    loads[worker] = loads[worker]! + 1;
  };
  let full = 0;
  const mayBeFull = tasks.length - workers * (share - 1);
  for (const task of tasks) {
    const worker = before.get(task);
    if (worker === undefined) continue;
    const load = loads[worker]!;
    // Only so many workers may have a whole share; the others have one less.
    if (load >= share || (load === share - 1 && full === mayBeFull)) continue;
    if (load === share - 1) full += 1;
    put(task, worker);
  }
  for (const task of tasks) if (!placed.has(task)) put(task, loads.indexOf(Math.min(...loads)));
  return placed;
}
