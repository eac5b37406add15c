import type {DrainStatus} from '../src/protocol/status.ts';

/** Age of the oldest record this process knows of that is not committed; 0 when there is none. */
export function lagSeconds(tasks: DrainStatus['tasks'], nowMs: number): number {
  const times = tasks.flatMap((task) =>
    task.shards.flatMap(({oldestInFlightMs}) => oldestInFlightMs ?? []),
  );
  return times.length === 0 ? 0 : Math.max(0, nowMs - Math.min(...times)) / 1_000;
}
