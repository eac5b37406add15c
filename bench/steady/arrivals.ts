import {connectKafka} from '../../src/kafka/connect-kafka.ts';
import {isRestoreMark} from '../../src/kafka/restore-mark.ts';
import {longestGapMs} from './longest-gap-ms.ts';

const POLL_MS = 20;
const KEEP_MS = 120_000;

export interface Arrivals {
  /** The longest silence that ended after `sinceMs`. */
  longestGapMs(sinceMs: number): number;
  lastMs(): number;
  stop(): Promise<void>;
}

/** Watches a topic from its end with a read_committed reader; times are `performance.now()` of polls that brought records. */
export async function watchArrivals(
  brokers: string,
  topic: string,
  partitions: number,
): Promise<Arrivals> {
  const kafka = connectKafka({brokers: brokers.split(','), clientId: 'bench-arrivals'});
  const admin = await kafka.openAdmin();
  const ends = await admin.stableEndOffsets(topic);
  await admin.close();
  const reader = await kafka.openReader();
  for (let partition = 0; partition < partitions; partition++) {
    reader.assign(topic, partition, ends[partition]!);
  }
  let times: number[] = [];
  const end = new AbortController();
  const watching = (async () => {
    while (!end.signal.aborted) {
      const batches = await reader.poll(POLL_MS);
      const nowMs = performance.now();
      // A restore mark is no work: it comes before the reading back.
      const isWork = batches.some(({records}) => records.some((record) => !isRestoreMark(record)));
      if (isWork) times.push(nowMs);
      if (times.length > 0 && times[0]! < nowMs - 2 * KEEP_MS) {
        times = times.filter((ms) => ms > nowMs - KEEP_MS);
      }
    }
  })();
  return {
    longestGapMs: (sinceMs) => longestGapMs(times, sinceMs),
    lastMs: () => times.at(-1) ?? 0,
    async stop() {
      end.abort();
      await watching;
      await reader.close();
    },
  };
}
