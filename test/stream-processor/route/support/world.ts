import type {ViewDefinition} from '../../../../src/define/view.ts';
import {utf8} from '../../../../src/lib/bytes.ts';
import type {LiveEvent, ViewRow} from '../../../../src/protocol/query.ts';
import {partitionOf} from '../../../../src/record/shard.ts';
import type {RowRange} from '../../../../stream-processor/engine/operator.ts';
import {QueryFailed} from '../../../../stream-processor/query/problem.ts';
import {compareRows} from '../../../../stream-processor/query/view-row.ts';
import type {RowsAnswer} from '../../../../stream-processor/route/all-views.ts';
import type {
  PartitionFollowOptions,
  PartitionViews,
} from '../../../../stream-processor/route/partition-views.ts';
import pipeline from '../../support/pipeline.ts';

export const view: ViewDefinition = pipeline.views[0]!;
export {pipeline};

/** A place in a ring of so few is soon lost: readers that stop for long start over. */
const RING = 20;

type Change =
  | {
      readonly event: 'delta';
      readonly upsert: readonly ViewRow[];
      readonly delete: readonly ViewRow[];
    }
  | {readonly event: 'progress'; readonly watermark: number | null};

const nameOf = ({key, start}: {key: string; start?: number | undefined}) => `${start} ${key}`;

/** A model of an owner: the rows of its partitions and the recent changes, in memory. */
export class ModelOwner implements PartitionViews {
  readonly #rows = new Map<number, Map<string, ViewRow>>();
  #watermark: number | null = null;
  #epoch = 0;
  #changes: Change[] = [];
  #dropped = 0;
  readonly #wakers = new Set<() => void>();
  isRestoring = false;

  own(partition: number, rows = new Map<string, ViewRow>()): void {
    this.#rows.set(partition, rows);
    this.#reset();
  }

  /** Returns its rows, for the next owner. */
  lose(partition: number): Map<string, ViewRow> {
    const rows = this.#rows.get(partition)!;
    this.#rows.delete(partition);
    this.#reset();
    return rows;
  }

  put(row: ViewRow): void {
    this.#rows.get(partitionOfKey(row.key))!.set(nameOf(row), row);
    this.#push({event: 'delta', upsert: [row], delete: []});
  }

  remove(row: ViewRow): void {
    this.#rows.get(partitionOfKey(row.key))!.delete(nameOf(row));
    this.#push({event: 'delta', upsert: [], delete: [row]});
  }

  progress(watermark: number): void {
    this.#watermark = watermark;
    this.#push({event: 'progress', watermark});
  }

  get partitions(): readonly number[] {
    return [...this.#rows.keys()];
  }

  rows(_view: ViewDefinition, range: RowRange, partitions: readonly number[]): RowsAnswer {
    if (this.isRestoring) throw new QueryFailed({code: 'restoring', detail: 'in a moment'});
    const rows = partitions.flatMap((partition) => {
      const ofPartition = this.#rows.get(partition);
      if (ofPartition === undefined) {
        throw new QueryFailed({code: 'not-local', detail: `not ${partition}`});
      }
      return [...ofPartition.values()];
    });
    const {key, after} = range;
    const wanted = rows
      .filter((row) => key === undefined || row.key === key)
      .sort(compareRows)
      .filter((row) => after === undefined || nameAfter(row, after));
    return {rows: wanted.slice(0, range.limit), watermark: this.#watermark};
  }

  async *follow(
    of: ViewDefinition,
    range: RowRange,
    {partitions, signal, lastEventId}: PartitionFollowOptions,
  ): AsyncGenerator<LiveEvent> {
    let [epoch, seq] = (lastEventId ?? '').split('.').map(Number) as [number, number];
    if (lastEventId === undefined) {
      [epoch, seq] = this.#place();
      yield* this.#snapshot(of, range, partitions);
    }
    while (!signal.aborted) {
      if (epoch !== this.#epoch || !(seq >= this.#dropped)) {
        yield {event: 'reset', id: 'none'};
        [epoch, seq] = this.#place();
        yield* this.#snapshot(of, range, partitions);
        continue;
      }
      const change = this.#changes[seq - this.#dropped];
      if (change === undefined) await this.#changed(signal);
      else yield {...change, id: `${epoch}.${++seq}`};
    }
  }

  #place(): [number, number] {
    return [this.#epoch, this.#dropped + this.#changes.length];
  }

  #snapshot(of: ViewDefinition, range: RowRange, partitions: readonly number[]): LiveEvent[] {
    const {rows, watermark} = this.rows(of, range, partitions);
    const id = this.#place().join('.');
    return [
      {event: 'snapshot', rows, id},
      {event: 'progress', watermark, id},
    ];
  }

  #push(change: Change): void {
    this.#changes.push(change);
    if (this.#changes.length > RING) {
      this.#changes.shift();
      this.#dropped += 1;
    }
    this.#wake();
  }

  #reset(): void {
    this.#epoch += 1;
    this.#changes = [];
    this.#dropped = 0;
    this.#wake();
  }

  #changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const waker = () => {
        this.#wakers.delete(waker);
        signal.removeEventListener('abort', waker);
        resolve();
      };
      this.#wakers.add(waker);
      signal.addEventListener('abort', waker);
    });
  }

  #wake(): void {
    for (const waker of this.#wakers) waker();
  }
}

function nameAfter(row: ViewRow, after: NonNullable<RowRange['after']>): boolean {
  const {key, start} = after;
  return row.start! > start! || (row.start === start && row.key > key);
}

export function partitionOfKey(key: string): number {
  return partitionOf(utf8(key), view.partitions);
}

/** What a client that applies the events in order has. */
export class Picture {
  readonly #rows = new Map<string, ViewRow>();
  watermark: number | null = null;
  resets = 0;
  snapshots = 0;
  lastEventId: string | undefined;

  apply(event: LiveEvent): void {
    this.lastEventId = event.id;
    if (event.event === 'reset') this.resets += 1;
    else if (event.event === 'progress') this.watermark = event.watermark;
    else if (event.event === 'snapshot') {
      this.snapshots += 1;
      this.#rows.clear();
      for (const row of event.rows) this.#rows.set(nameOf(row), row);
    } else {
      for (const row of event.upsert) this.#rows.set(nameOf(row), row);
      for (const row of event.delete) this.#rows.delete(nameOf(row));
    }
  }

  get rows(): readonly ViewRow[] {
    return [...this.#rows.values()].sort(compareRows);
  }
}
