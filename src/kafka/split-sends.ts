import type {OutgoingRecord} from './ports.ts';

/** Of one partition in one send: it becomes one batch, and a batch above the broker's `message.max.bytes` (default 1 MB) is refused. */
const MAX_PARTITION_BYTES = 900_000;
/** Of one send, all partitions: it becomes one request per broker. */
const MAX_SEND_BYTES = 8_388_608;
const RECORD_OVERHEAD_BYTES = 32;
const HEADER_OVERHEAD_BYTES = 8;
/** UTF-8 needs at most this many bytes for one UTF-16 unit. */
const MAX_BYTES_PER_CHARACTER = 3;

/** An upper bound of a record's size in a batch. */
export function recordBytesAtMost(record: OutgoingRecord): number {
  let bytes = RECORD_OVERHEAD_BYTES + (record.key?.length ?? 0) + (record.value?.length ?? 0);
  for (const [name, value] of record.headers) {
    bytes += HEADER_OVERHEAD_BYTES + name.length * MAX_BYTES_PER_CHARACTER + value.length;
  }
  return bytes;
}

/** Cuts a transaction's records into sends, in order. A record above the limit travels in a batch of its own. */
export function splitSends(
  records: readonly OutgoingRecord[],
): readonly (readonly OutgoingRecord[])[] {
  const sends: OutgoingRecord[][] = [];
  let send: OutgoingRecord[] = [];
  let sendBytes = 0;
  let partitionBytes = new Map<string, number[]>();
  for (const record of records) {
    const bytes = recordBytesAtMost(record);
    let topic = partitionBytes.get(record.topic);
    const held = topic?.[record.partition] ?? 0;
    const isFull = held > 0 && held + bytes > MAX_PARTITION_BYTES;
    if (isFull || (sendBytes > 0 && sendBytes + bytes > MAX_SEND_BYTES)) {
      sends.push(send);
      send = [];
      sendBytes = 0;
      partitionBytes = new Map();
      topic = undefined;
    }
    if (topic === undefined) partitionBytes.set(record.topic, (topic = []));
    topic[record.partition] = (topic[record.partition] ?? 0) + bytes;
    sendBytes += bytes;
    send.push(record);
  }
  if (send.length > 0) sends.push(send);
  return sends;
}
