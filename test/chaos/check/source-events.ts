import type {ViewSpec} from '../history/entry.ts';
import type {Read} from './observed-run.ts';

/** An event as a view sees it. */
export interface SourceEvent {
  readonly id: string;
  /** Of its rows. */
  readonly key: string;
  readonly partition: number;
  readonly time: number;
  readonly amount: number;
  /** Stream time: the largest event time of its partition so far, its own included. */
  readonly streamTime: number;
}

/** Reads come by partition, then offset. */
export function* sourceEvents(
  reads: Iterable<Read>,
  {by}: Pick<ViewSpec, 'by'>,
): Generator<SourceEvent> {
  const times = new Map<number, number>();
  for (const {partition, key, id, value} of reads) {
    const {time, amount} = value as {readonly time: number; readonly amount: number};
    const streamTime = Math.max(times.get(partition) ?? Number.NEGATIVE_INFINITY, time);
    times.set(partition, streamTime);
    const own = key ?? '';
    const ofRow = by === 'key' ? own : own.slice(own.lastIndexOf('-') + 1);
    yield {id: id ?? '', key: ofRow, partition, time, amount, streamTime};
  }
}

/**
 * The stream time that closes a row in the end: its partition's; of a row with events of several partitions, which may come
 * from any of them, the least.
 */
export function closingTimes(
  events: readonly SourceEvent[],
  {by}: Pick<ViewSpec, 'by'>,
): (partition: number) => number {
  const last = new Map(events.map(({partition, streamTime}) => [partition, streamTime]));
  const least = Math.min(...last.values());
  return (partition) => (by === 'key' ? last.get(partition)! : least);
}
