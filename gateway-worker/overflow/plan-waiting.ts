import {concatBytes} from '../../src/lib/bytes.ts';
import {ID_HASH_BYTES} from '../buffer/append-protocol.ts';
import type {EncodedBatch, WaitingDuplicate} from '../buffer/append-protocol.ts';
import {hashAt} from '../buffer/hash-entries.ts';
import {withoutRecords} from '../buffer/plan-rows.ts';
import {idName} from './id-names.ts';

/** Where a record with an id is; `contended`: another request is sending it right now; `undefined`: nowhere. */
export type Whereabouts = {readonly seq: number | null} | 'contended' | undefined;

export interface WaitingPlan {
  readonly duplicates: readonly WaitingDuplicate[];
  /** How many are none. */
  readonly kept: number;
  /** Of those, the ids there are. */
  readonly keptIds: Uint8Array;
}

interface Records {
  readonly count: number;
  /** For all of them; zeros where a record has none. */
  readonly ids: Uint8Array | null;
}

/** Which of a request's records would be new in the line. */
export function planWaiting(
  {count, ids}: Records,
  whereIs: (id: Uint32Array) => Whereabouts,
): WaitingPlan | 'contended' {
  if (ids === null) return {duplicates: [], kept: count, keptIds: new Uint8Array()};
  const duplicates: WaitingDuplicate[] = [];
  const keptIds: Uint8Array[] = [];
  const own = new Set<string>();
  for (let index = 0; index < count; index += 1) {
    const id = hashAt(ids, index);
    if (id === null) continue;
    const name = idName(id);
    const found = own.has(name) ? {seq: null} : whereIs(id);
    if (found === 'contended') return 'contended';
    if (found === undefined) {
      own.add(name);
      keptIds.push(ids.subarray(index * ID_HASH_BYTES, (index + 1) * ID_HASH_BYTES));
    } else duplicates.push({index, seq: found.seq});
  }
  return {duplicates, kept: count - duplicates.length, keptIds: concatBytes(keptIds)};
}

/** The ids of all batches in one list. */
export function idsOf(batches: readonly EncodedBatch[]): Records {
  return {
    count: batches.reduce((total, {count}) => total + count, 0),
    ids: batches.every(({ids}) => ids === null)
      ? null
      : concatBytes(batches.map(({ids, count}) => ids ?? new Uint8Array(count * ID_HASH_BYTES))),
  };
}

/** The batches without their duplicates, whose indexes count the records of all batches. */
export function withoutDropped(
  batches: readonly EncodedBatch[],
  duplicates: readonly WaitingDuplicate[],
): readonly EncodedBatch[] {
  if (duplicates.length === 0) return batches;
  const dropped = new Set(duplicates.map(({index}) => index));
  let before = 0;
  return batches.flatMap((batch) => {
    const own = Array.from({length: batch.count}, (_, index) => index).filter((index) =>
      dropped.has(before + index),
    );
    before += batch.count;
    return own.length === batch.count ? [] : [withoutRecords(batch, new Set(own))];
  });
}
