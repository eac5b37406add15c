import type {AppendRequest, AppendStored} from '../../../gateway-worker/buffer/append-protocol.ts';
import {encodeBatches} from '../../../gateway-worker/buffer/encode-batches.ts';
import type {ShardLog} from '../../../gateway-worker/buffer/shard-log.ts';
import {fromUtf8, utf8} from '../../../src/lib/bytes.ts';
import {decodeRecords} from '../../../src/record/codec.ts';

/** An id's 16 bytes. All but four are alike, as of ids that are derived from one request's. */
export function idHashOf(number: number): Uint8Array {
  const hash = new Uint8Array(16).fill(0xee);
  new DataView(hash.buffer).setUint32(12, number);
  return hash;
}

export function keyOf(number: number): Uint32Array {
  return new Uint32Array(idHashOf(number).buffer);
}

/** A record for each id; `null`: one without. Each has its id and `note` as value. */
export function idRequest(ids: readonly (number | null)[], note = ''): AppendRequest {
  const records = ids.map((id) => ({
    idHash: id === null ? null : idHashOf(id),
    record: {key: null, value: utf8(`${id}${note}`), headers: []},
  }));
  return {batches: encodeBatches({receivedMs: 1, headers: []}, records)};
}

export function appendIds(
  log: ShardLog,
  ids: readonly (number | null)[],
  note?: string,
): AppendStored {
  const [result] = log.append([idRequest(ids, note)]);
  if (result?.kind !== 'stored') throw new Error(`not stored: ${JSON.stringify(result)}`);
  return result;
}

/** Ids from `first` on, `count` of them. */
export function range(first: number, count: number): number[] {
  return Array.from({length: count}, (_, index) => first + index);
}

/** The values of all records that are not trimmed. */
export function waitingValues(log: ShardLog): string[] {
  const values: string[] = [];
  for (let seq = log.firstSeq; seq < log.nextSeq;) {
    const page = log.read(seq, 1);
    if (page === null || page.firstSeq !== seq) throw new Error(`nothing at seq ${seq}`);
    for (const part of page.parts)
      values.push(...decodeRecords(part).map(({value}) => fromUtf8(value!)));
    seq += page.count;
  }
  return values;
}
