import type {TumblingView} from '../../src/define/view.ts';
import {utf8} from '../../src/lib/bytes.ts';
import type {ViewRow} from '../../src/protocol/query.ts';
import {partitionOf} from '../../src/record/shard.ts';
import type {PartitionProcessor} from '../partition-processor.ts';
import type {Task} from '../task.ts';
import {partitionRows, type RowRange} from './partition-rows.ts';
import {compareRows} from './view-row.ts';

export type Lookup =
  | {readonly kind: 'rows'; readonly rows: readonly ViewRow[]}
  /** A task that has the answer is not running yet. */
  | {readonly kind: 'restoring'; readonly reason: string}
  /** Another replica has the answer. */
  | {readonly kind: 'not-local'; readonly reason: string};

/** What the tasks of this replica have to say about views: committed state only. */
export class ViewSource {
  readonly #tasksOf: (stream: string) => readonly Task[];
  /** The largest watermark told of a stream since its tasks changed. */
  readonly #told = new Map<string, number>();

  constructor(tasksOf: (stream: string) => readonly Task[]) {
    this.#tasksOf = tasksOf;
  }

  /** The first `limit` rows of a range over the local partitions, by start and key. All from one instant. */
  rows(view: TumblingView, range: RowRange): Lookup {
    const needed = this.#neededTasks(view, range.key);
    if (needed.length === 0) {
      const what = range.key === undefined ? `stream ${view.stream.name}` : 'this key';
      return {kind: 'not-local', reason: `this replica has no partition of ${what}`};
    }
    const processors: PartitionProcessor[] = [];
    for (const {processor, unit, state} of needed) {
      if (processor === undefined) {
        const reason = `task ${unit.stream.name}.${unit.partition} is ${state}`;
        return {kind: 'restoring', reason};
      }
      processors.push(processor);
    }
    const rows = processors.flatMap((processor) => partitionRows(processor, range));
    return {kind: 'rows', rows: rows.sort(compareRows).slice(0, range.limit)};
  }

  /**
   * The least stream time of the local tasks; those without an event yet do not hold it back. When such a one gets its
   * first event, and that is older, what was told stands: a watermark never goes back while the tasks are the same.
   */
  watermarkMs(stream: string): number | null {
    const times = this.#tasksOf(stream).flatMap(({processor}) => processor?.watermarkMs ?? []);
    if (times.length === 0) return null;
    const told = this.#told.get(stream) ?? Number.NEGATIVE_INFINITY;
    const watermarkMs = Math.max(told, Math.min(...times));
    this.#told.set(stream, watermarkMs);
    return watermarkMs;
  }

  /** A task came, went or starts over: readers are told to start over, too. */
  changed(stream: string): void {
    this.#told.delete(stream);
  }

  #neededTasks({stream}: TumblingView, key: string | undefined): readonly Task[] {
    const tasks = this.#tasksOf(stream.name);
    if (key === undefined) return tasks;
    const partition = partitionOf(utf8(key), stream.partitions);
    return tasks.filter((task) => task.unit.partition === partition);
  }
}
