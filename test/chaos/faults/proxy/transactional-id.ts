import {KAFKA_APIS} from './kafka-apis.ts';

/** Requests whose body begins with a transactional id, and their first flexible version (KIP-482). */
const FLEXIBLE_FROM = new Map<number, number>([
  [KAFKA_APIS.Produce, 9],
  [KAFKA_APIS.InitProducerId, 2],
  [KAFKA_APIS.AddPartitionsToTxn, 3],
  [KAFKA_APIS.AddOffsetsToTxn, 3],
  [KAFKA_APIS.EndTxn, 3],
  [KAFKA_APIS.TxnOffsetCommit, 3],
]);
/** From here on the request is an array of transactions; clients send one. */
const ADD_PARTITIONS_BATCHED = 4;

/** The transactional id of a request frame, size included; undefined where it has none, or cannot be read. */
export function transactionalIdOf(frame: Buffer): string | undefined {
  try {
    return readTransactionalId(frame);
  } catch (error) {
    // Ends before it should: a broker will say what it thinks of it.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readTransactionalId(frame: Buffer): string | undefined {
  const apiKey = frame.readInt16BE(4);
  const version = frame.readInt16BE(6);
  const flexibleFrom = FLEXIBLE_FROM.get(apiKey);
  if (flexibleFrom === undefined) return undefined;
  let at = 14 + Math.max(0, frame.readInt16BE(12));
  if (version < flexibleFrom) {
    const length = frame.readInt16BE(at);
    return length <= 0 ? undefined : frame.toString('utf8', at + 2, at + 2 + length);
  }
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = frame.readUInt8(at++);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  for (let tags = varint(); tags > 0; tags--) {
    varint();
    const length = varint();
    at += length;
  }
  if (apiKey === KAFKA_APIS.AddPartitionsToTxn && version >= ADD_PARTITIONS_BATCHED) varint();
  const length = varint() - 1;
  return length <= 0 ? undefined : frame.toString('utf8', at, at + length);
}
