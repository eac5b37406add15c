import {fetchCommitted, nameOf, type CommittedRecord} from './fetch-committed.ts';
import {connectJudge, placesOf, stableEnds, type Place} from './kafka-judge.ts';

export interface ScanOptions {
  readonly brokers: string;
  readonly topics: ReadonlySet<string>;
  readonly onRecords: (records: readonly CommittedRecord[]) => void;
  readonly onEnd: (place: Place, offset: bigint) => void;
  readonly deadlineMs: number;
}

/**
 * Everything committed, from the first record to where the partitions end now.
 * @throws when the ends are not reached by the deadline
 */
export async function scanAll(options: ScanOptions): Promise<void> {
  const endMs = Date.now() + options.deadlineMs;
  const cluster = await connectJudge(options.brokers);
  try {
    const places = await placesOf(cluster, options.topics);
    const ends = await stableEnds(cluster, places);
    const positions = new Map<string, bigint>();
    const isDone = (place: Place): boolean =>
      (positions.get(nameOf(place)) ?? 0n) >= ends.get(nameOf(place))!;
    for (const [leader, own] of Map.groupBy(places, (place) => place.leader)) {
      for (let open = own; ;) {
        open = open.filter((place) => !isDone(place));
        if (open.length === 0) break;
        if (Date.now() > endMs) throw new Error(`${nameOf(open[0]!)} was not read to its end`);
        const {records, next} = await fetchCommitted(cluster, {leader, places: open, positions});
        for (const [name, position] of next) positions.set(name, position);
        options.onRecords(records.filter((record) => record.offset < ends.get(nameOf(record))!));
      }
    }
    for (const place of places) options.onEnd(place, ends.get(nameOf(place))!);
  } finally {
    await cluster.disconnect();
  }
}
