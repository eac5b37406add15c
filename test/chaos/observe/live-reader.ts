import {setTimeout as sleep} from 'node:timers/promises';
import {fetchCommitted, type CommittedRecord} from './fetch-committed.ts';
import {connectJudge, placesOf, type KafkaCluster, type Place} from './kafka-judge.ts';

/** Between two fetches from one broker: transactions are small and many, and the machine is shared. */
const PAUSE_MS = 100;
const RETRY_MS = 300;
/** Leaders are looked for again after so long; sooner while a partition has none. */
const ROUND_MS = 10_000;
const LEADERLESS_ROUND_MS = 1_000;

export interface LiveReaderOptions {
  /** Past every proxy. */
  readonly brokers: string;
  readonly topics: ReadonlySet<string>;
  readonly onRecords: (records: readonly CommittedRecord[]) => void;
}

/**
 * Reads along with read_committed from the first record on. It keeps its own positions, so when a broker goes away it goes
 * on exactly behind what it was given: what it tells twice was given twice.
 */
export function readAlong(options: LiveReaderOptions): {stop(): Promise<void>} {
  const stopping = new AbortController();
  const done = read(options, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await done;
    },
  };
}

async function read(options: LiveReaderOptions, stop: AbortSignal): Promise<void> {
  const positions = new Map<string, bigint>();
  while (!stop.aborted) {
    let cluster: KafkaCluster | undefined;
    try {
      cluster = await connectJudge(options.brokers);
      while (!stop.aborted) await readRound(cluster, options, {positions, stop});
    } catch {
      await sleep(RETRY_MS);
    } finally {
      await cluster?.disconnect().catch(() => undefined);
    }
  }
}

interface RoundState {
  readonly positions: Map<string, bigint>;
  readonly stop: AbortSignal;
}

/** Every leader by itself, so that a slow one holds up nobody else. */
async function readRound(
  cluster: KafkaCluster,
  {topics, onRecords}: LiveReaderOptions,
  {positions, stop}: RoundState,
): Promise<void> {
  const places = await placesOf(cluster, topics);
  const isWhole = places.length > 0 && places.every(({leader}) => leader >= 0);
  const over = AbortSignal.any([
    stop,
    AbortSignal.timeout(isWhole ? ROUND_MS : LEADERLESS_ROUND_MS),
  ]);
  const broken = new AbortController();
  const readLeader = async (leader: number, own: readonly Place[]): Promise<void> => {
    try {
      while (!over.aborted && !broken.signal.aborted) {
        const {records, next} = await fetchCommitted(cluster, {leader, places: own, positions});
        for (const [name, position] of next) positions.set(name, position);
        if (records.length > 0) onRecords(records);
        await sleep(PAUSE_MS);
      }
    } catch (error) {
      broken.abort();
      throw error;
    }
  };
  const led = places.filter(({leader}) => leader >= 0);
  const results = await Promise.allSettled(
    [...Map.groupBy(led, ({leader}) => leader)].map(([leader, own]) => readLeader(leader, own)),
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  if (led.length === 0) await sleep(RETRY_MS);
}
