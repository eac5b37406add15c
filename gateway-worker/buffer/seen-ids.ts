/**
 * Ids and where their records are. In memory: the newest SEEN_IDS_KEPT of them at least. In SQLite: with their log rows
 * until those are trimmed, then in `seen`, many in a row, until the stream's dedupe window has passed.
 */
import {decodeEntries, encodeEntries, ENTRY_BYTES, hashAt} from './hash-entries.ts';
import type {HashEntry} from './hash-entries.ts';
import {RecentHashes} from './recent-hashes.ts';
import type {LogIdsRow, SeenRow, ShardStatements} from './shard-sql.ts';

/** Per shard; 12 MB of memory at most. Beyond it the oldest ids are forgotten before their window has passed. */
export const SEEN_IDS_KEPT = 131_072;
/** What `seen` may hold: as much as memory can. */
const SEEN_BYTES_KEPT = 2 * SEEN_IDS_KEPT * ENTRY_BYTES;
/** A row of `seen` is added to while it is shorter: each trim rewrites it, which must stay cheap. */
const OPEN_ROW_BYTES = 65_536;
/** A row spans at most this part of the window: ids of one row are forgotten together, with the youngest of them. */
const ROW_WINDOW_PART = 8;
const ENTRIES_A_ROW = Math.floor(1_800_000 / ENTRY_BYTES);
/** Rows the alarm forgets in one turn. */
const ROWS_FORGOTTEN = 100;

export class SeenIds {
  readonly #statements: ShardStatements;
  readonly #windowMs: number;
  readonly #recent = new RecentHashes(SEEN_IDS_KEPT);
  /** Ids of records up to this one have outlived their window. */
  #forgottenSeq = 0;

  constructor(statements: ShardStatements, windowMs: number) {
    this.#statements = statements;
    this.#windowMs = windowMs;
    for (const entries of newestFirst(statements).toReversed())
      for (const {key, value} of entries) this.#recent.set(key, value);
  }

  seqOf(id: Uint32Array): number | undefined {
    const seq = this.#recent.get(id);
    return seq === undefined || seq <= this.#forgottenSeq ? undefined : seq;
  }

  add(id: Uint32Array, seq: number): void {
    this.#recent.set(id, seq);
  }

  /** Keeps the ids of rows that leave the log. Call it in their transaction. */
  keep(rows: readonly LogIdsRow[]): void {
    const entries = rows.flatMap(entriesOf);
    const [first, last] = [rows[0], rows.at(-1)];
    if (entries.length === 0 || first === undefined || last === undefined) return;
    const span = {
      first_ms: first.received_ms,
      last_ms: last.received_ms,
      last_seq: last.first_seq + last.count - 1,
    };
    const open = this.#statements.newestSeen();
    const encoded = encodeEntries(entries);
    if (open !== undefined && this.#takesMore(open, encoded, span.last_ms)) {
      const joined = new Uint8Array(open.entries.byteLength + encoded.byteLength);
      joined.set(new Uint8Array(open.entries));
      joined.set(encoded, open.entries.byteLength);
      this.#statements.updateSeen({...span, row_id: open.row_id}, joined);
      return;
    }
    for (let at = 0; at < entries.length; at += ENTRIES_A_ROW) {
      const row = encoded.subarray(at * ENTRY_BYTES, (at + ENTRIES_A_ROW) * ENTRY_BYTES);
      this.#statements.insertSeen(span, row);
    }
    while (this.#statements.seenBytes() > SEEN_BYTES_KEPT) this.#statements.deleteOldestSeen();
  }

  /**
   * Forgets rows whose window has passed. Answers when the next one's will have (in the past when there are more to
   * forget now), `null` when nothing is left to forget.
   */
  forget(nowMs: number): number | null {
    let forgottenSeq = this.#forgottenSeq;
    for (let row = 0; row < ROWS_FORGOTTEN; row += 1) {
      const oldest = this.#statements.oldestSeen();
      if (oldest === undefined || oldest.last_ms + this.#windowMs > nowMs) break;
      this.#statements.deleteOldestSeen();
      forgottenSeq = oldest.last_seq;
    }
    const next = this.nextExpiryMs();
    this.#forgottenSeq = forgottenSeq;
    return next;
  }

  /** When the oldest row's window will have passed. */
  nextExpiryMs(): number | null {
    const oldest = this.#statements.oldestSeen();
    return oldest === undefined ? null : oldest.last_ms + this.#windowMs;
  }

  #takesMore(open: SeenRow, more: Uint8Array, lastMs: number): boolean {
    return (
      open.entries.byteLength + more.byteLength <= OPEN_ROW_BYTES &&
      lastMs - open.first_ms <= this.#windowMs / ROW_WINDOW_PART
    );
  }
}

/** As many as memory keeps, in lists from the newest to the oldest. */
function newestFirst(statements: ShardStatements): HashEntry[][] {
  const lists: HashEntry[][] = [];
  let missing = SEEN_IDS_KEPT;
  for (const row of statements.newestIds(SEEN_IDS_KEPT)) {
    const entries = entriesOf(row);
    if (entries.length === 0) continue;
    lists.push(entries);
    missing -= entries.length;
    if (missing <= 0) return lists;
  }
  for (const row of statements.seenNewestFirst()) {
    const entries = decodeEntries(row.entries);
    lists.push(entries);
    missing -= entries.length;
    if (missing <= 0) break;
  }
  return lists;
}

function entriesOf({first_seq: firstSeq, count, ids}: LogIdsRow): HashEntry[] {
  if (ids === null) return [];
  const hashes = new Uint8Array(ids);
  const entries: HashEntry[] = [];
  for (let index = 0; index < count; index += 1) {
    const key = hashAt(hashes, index);
    if (key !== null) entries.push({key, value: firstSeq + index});
  }
  return entries;
}
