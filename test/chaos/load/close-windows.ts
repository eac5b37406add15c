import {utf8} from '../../../src/lib/bytes.ts';
import {partitionOf} from '../../../src/record/shard.ts';
import type {HistoryWriter} from '../observe/history-writer.ts';
import {orders, signals} from '../pipeline.ts';
import type {System} from '../system/start-system.ts';
import {sendUntilKnown} from './send-until-known.ts';

/** Further ahead than any window and its grace. */
const AHEAD_MS = 120_000;
const DEADLINE_MS = 60_000;
/** Apart from the numbers of the load's requests. */
const FIRST_REQUEST = 1_000_000_000;

/** One event per partition, so far ahead that every window before it closes. */
export async function closeWindows(system: System, history: HistoryWriter): Promise<void> {
  const giveUp = AbortSignal.timeout(DEADLINE_MS);
  let requests = FIRST_REQUEST;
  for (const {name: stream, partitions} of [orders, signals]) {
    for (let partition = 0; partition < partitions; partition += 1) {
      const key = keyOfPartition(partition, partitions);
      const id = `${stream}-closer-${partition}`;
      const event = {id, topic: system.names.data(stream), key, n: 0, isValid: true};
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
          events: [{...event, time: Date.now() + AHEAD_MS, amount: 0, paddingBytes: 0}],
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
    const key = `closer-${n}`;
    if (partitionOf(utf8(key), partitions) === partition) return key;
  }
}
