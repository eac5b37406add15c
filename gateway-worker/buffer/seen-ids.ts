/**
 * Ids and where their records are, for the stream's dedupe window (remembered-hashes.ts). In SQLite an id is with its row
 * of the log; then also in a sealed run, or in `seen` when its row is trimmed before the next seal.
 */
import {decodeEntries, encodeEntries, ENTRY_BYTES, hashAt} from './hash-entries.ts';
import type {HashEntry} from './hash-entries.ts';
import type {HashIndex} from './hash-index.ts';
import type {HashSeed} from './keyed-hash.ts';
import {RememberedHashes} from './remembered-hashes.ts';
import type {RememberedHashesOptions} from './remembered-hashes.ts';
import type {LogIdsRow, ShardStatements} from './shard-sql.ts';

/** More are never left unsealed by this version; of what version 1 of the storage left, this is more than it knew. */
const UNSEALED_SEQS_READ = 500_000;
const ENTRIES_A_ROW = Math.floor(1_800_000 / ENTRY_BYTES);

export interface SeenIdsOptions extends Omit<RememberedHashesOptions, 'onSeal' | 'statements'> {
  readonly statements: ShardStatements;
  /** Of the log. */
  readonly lastSeq: number;
}

export class SeenIds {
  readonly #statements: ShardStatements;
  readonly #hashes: RememberedHashes;

  constructor(options: SeenIdsOptions) {
    const {statements} = options;
    this.#statements = statements;
    this.#hashes = new RememberedHashes({...options, onSeal: () => statements.deleteSeen()});
    for (const row of statements.seen()) {
      const span = {firstMs: row.first_ms, lastMs: row.last_ms, lastSeq: row.last_seq};
      this.#hashes.add(decodeEntries(row.entries), span);
    }
    const after = Math.max(this.releasedSeq, options.lastSeq - UNSEALED_SEQS_READ);
    for (const row of statements.idsOf(after, options.lastSeq)) {
      const span = {firstMs: row.received_ms, lastMs: row.received_ms};
      this.#hashes.add(entriesOf(row), {...span, lastSeq: row.first_seq + row.count - 1});
    }
  }

  /** For indexes of ids that live as short as a commit. */
  get seed(): HashSeed {
    return this.#hashes.seed;
  }

  get count(): number {
    return this.#hashes.count;
  }

  /** Ids that left before their window had passed, ever. */
  get forgottenEarly(): number {
    return this.#hashes.forgottenEarly;
  }

  get sealedSeq(): number {
    return this.#hashes.sealedSeq;
  }

  /** No row of the log up to this seq is needed for its ids. */
  get releasedSeq(): number {
    return Math.max(this.#hashes.sealedSeq, this.#statements.lastSeenSeq());
  }

  seqOf(id: Uint32Array): number | undefined {
    return this.#hashes.get(id);
  }

  /** Ids of a commit, after its rows were written; `lastSeq` is the commit's. */
  add(fresh: HashIndex, {receivedMs, lastSeq}: {receivedMs: number; lastSeq: number}): void {
    this.#hashes.add(fresh.entries(), {firstMs: receivedMs, lastMs: receivedMs, lastSeq});
  }

  /** See RememberedHashes. Call it before an append. */
  sealIfDue(nowMs: number, lastSeq: number): void {
    this.#hashes.sealIfDue(nowMs, lastSeq);
  }

  /** Copies the ids of rows that are trimmed, all there are up to `lastSeq`. Call it in the transaction that trims them. */
  release(rows: readonly LogIdsRow[], lastSeq: number): void {
    const [first, last] = [rows[0], rows.at(-1)];
    if (first === undefined || last === undefined) return;
    const span = {firstMs: first.received_ms, lastMs: last.received_ms, lastSeq};
    const encoded = encodeEntries(rows.flatMap(entriesOf));
    const step = ENTRIES_A_ROW * ENTRY_BYTES;
    for (let at = 0; at < encoded.byteLength; at += step)
      this.#statements.insertSeen({...span, entries: encoded.subarray(at, at + step)});
  }

  /** See RememberedHashes. Only ids of records up to `trimmedSeq`: one that waits for the drain is known in any case. */
  forget(nowMs: number, trimmedSeq: number): number | null {
    return this.#hashes.forget(nowMs, trimmedSeq);
  }

  nextExpiryMs(trimmedSeq: number): number | null {
    return this.#hashes.nextExpiryMs(trimmedSeq);
  }
}

function entriesOf({first_seq: firstSeq, count, ids}: LogIdsRow): HashEntry[] {
  if (ids === null) return [];
  const hashes = new Uint8Array(ids);
  const entries: HashEntry[] = [];
  for (let index = 0; index < count; index += 1) {
    const key = hashAt(hashes, index);
    if (key !== null) entries.push([key, firstSeq + index]);
  }
  return entries;
}
