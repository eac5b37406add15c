import {assert} from '../../src/lib/assert.ts';
import {concatBytes} from '../../src/lib/bytes.ts';
import {recordFrames} from '../../src/record/codec.ts';
import {ID_HASH_BYTES, MAX_ROW_BYTES} from './append-protocol.ts';
import type {AppendRequest, AppendStored, Duplicate, EncodedBatch} from './append-protocol.ts';
import {hashAt} from './hash-entries.ts';
import {HashIndex} from './hash-index.ts';
import type {HashSeed} from './keyed-hash.ts';
import {joinBatches} from './join-batches.ts';

/** A row of the log before it is written. */
export interface PlannedRow {
  readonly firstSeq: number;
  readonly count: number;
  readonly ids: Uint8Array | null;
  readonly bytes: Uint8Array;
}

export interface RowPlan {
  readonly rows: readonly PlannedRow[];
  readonly results: readonly AppendStored[];
  /** The ids that are new with these rows, and their seqs. */
  readonly fresh: HashIndex;
  readonly nextSeq: number;
}

export interface LogState {
  readonly incarnation: string;
  readonly nextSeq: number;
  readonly seed: HashSeed;
  /** Where a record with this id is already, in this incarnation. */
  readonly seqOf: (id: Uint32Array) => number | undefined;
}

/**
 * Gives every record its seq, leaves out those whose id is known (from the log or from earlier in the same commit), and
 * packs the rest into as few rows as their size allows. Reads and changes nothing but its arguments.
 */
export function planRows(requests: readonly AppendRequest[], log: LogState): RowPlan {
  const fresh = new HashIndex(log.seed);
  const rows: PlannedRow[] = [];
  let open: EncodedBatch[] = [];
  let openBytes = 0;
  let openHasIds = false;
  let openSeq = log.nextSeq;
  let nextSeq = log.nextSeq;

  const closeRow = () => {
    if (open.length > 0) rows.push({firstSeq: openSeq, ...joinBatches(open)});
    open = [];
    openBytes = 0;
    openHasIds = false;
    openSeq = nextSeq;
  };
  // One batch with ids gives all records of its row room for one.
  const joinedSize = ({bytes, count, ids}: EncodedBatch) =>
    openBytes +
    bytes.byteLength +
    (openHasIds || ids !== null ? (nextSeq - openSeq + count) * ID_HASH_BYTES : 0);
  const results = requests.map(({batches}): AppendStored => {
    const firstSeq = nextSeq;
    const duplicates: Duplicate[] = [];
    let before = 0;
    for (const batch of batches) {
      const kept = withoutDuplicates(batch, (id, index) => {
        const seq = log.seqOf(id) ?? fresh.get(id);
        if (seq === undefined) fresh.set(id, nextSeq + index.kept);
        else duplicates.push({index: before + index.given, seq});
        return seq !== undefined;
      });
      before += batch.count;
      if (kept.count === 0) continue;
      if (joinedSize(kept) > MAX_ROW_BYTES) closeRow();
      assert(joinedSize(kept) <= MAX_ROW_BYTES, 'a batch fits in a row');
      open.push(kept);
      openBytes += kept.bytes.byteLength;
      openHasIds ||= kept.ids !== null;
      nextSeq += kept.count;
    }
    return {kind: 'stored', incarnation: log.incarnation, firstSeq, duplicates};
  });
  closeRow();
  return {rows, results, fresh, nextSeq};
}

interface Position {
  /** Among the records of the batch as it came. */
  readonly given: number;
  /** Among those of it that are kept. */
  readonly kept: number;
}

function withoutDuplicates(
  batch: EncodedBatch,
  isDuplicate: (id: Uint32Array, position: Position) => boolean,
): EncodedBatch {
  const {ids} = batch;
  if (ids === null) return batch;
  const dropped: number[] = [];
  for (let given = 0; given < batch.count; given += 1) {
    const id = hashAt(ids, given);
    if (id !== null && isDuplicate(id, {given, kept: given - dropped.length})) dropped.push(given);
  }
  return withoutRecords(batch, new Set(dropped));
}

/** The batch without the records at these indexes. */
export function withoutRecords(batch: EncodedBatch, dropped: ReadonlySet<number>): EncodedBatch {
  if (dropped.size === 0) return batch;
  const parts: Uint8Array[] = [];
  const keptIds: Uint8Array[] = [];
  let at = 0;
  recordFrames(batch.bytes).forEach(([start, end], index) => {
    if (!dropped.has(index)) {
      if (batch.ids !== null)
        keptIds.push(batch.ids.subarray(index * ID_HASH_BYTES, (index + 1) * ID_HASH_BYTES));
      return;
    }
    parts.push(batch.bytes.subarray(at, start));
    at = end;
  });
  parts.push(batch.bytes.subarray(at));
  return {
    bytes: concatBytes(parts),
    count: batch.count - dropped.size,
    ids: batch.ids === null ? null : concatBytes(keptIds),
  };
}
