import {utf8} from '../../../src/lib/bytes.ts';
import {partitionOf} from '../../../src/record/shard.ts';
import type {HistoryWriter} from '../observe/history-writer.ts';
import {orders, signals} from '../pipeline.ts';
import type {System} from '../system/start-system.ts';
import {sendUntilKnown} from './send-until-known.ts';

const DEADLINE_MS = 60_000;
/** Apart from the numbers of the load's requests, and so many for each call. */
const FIRST_REQUEST = 1_000_000_000;

export interface Everywhere {
  /** Of the ids. */
  readonly name: string;
  /** How often this was done before in the run. */
  readonly n: number;
  readonly timeMs: number;
}

/**
 * Sends every partition one event of a time.
 * @throws when one is not known to be stored
 */
export async function sendEverywhere(
  system: System,
  history: HistoryWriter,
  {name, n, timeMs}: Everywhere,
): Promise<void> {
  const giveUp = AbortSignal.timeout(DEADLINE_MS);
  let requests = FIRST_REQUEST * (n + 1);
  for (const {name: stream, partitions} of [orders, signals]) {
    for (let partition = 0; partition < partitions; partition += 1) {
      const key = keyOfPartition(partition, partitions);
      const id = `${stream}-${name}-${partition}`;
      const event = {id, topic: system.names.data(stream), key, n, isValid: true};
      const isKnown = await sendUntilKnown(
        {
          url: system.ingestUrl,
          key: system.secrets.ingestKey,
          history,
          onStatus: () => undefined,
          nextRequest: () => (requests += 1),
        },
        {
          stream,
          events: [{...event, time: timeMs, amount: 0, paddingBytes: 0}],
          idempotencyKey: stream === signals.name ? id : null,
        },
        {giveUp, random: Math.random},
      );
      if (!isKnown) throw new Error(`${id} is not known to be stored`);
    }
  }
}

/** A key outside the load that belongs to a partition. */
function keyOfPartition(partition: number, partitions: number): string {
  for (let n = 0; ; n += 1) {
    const key = `outside-${n}`;
    if (partitionOf(utf8(key), partitions) === partition) return key;
  }
}
