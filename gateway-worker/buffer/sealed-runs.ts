/**
 * Hashes in SQLite that are never added to: a run has those of one stretch of time, spread by their keyed hash over
 * pages of some hundreds. In memory there is a filter for each run, so that a hash nobody has seen, the normal case,
 * costs no read. A "maybe" of a filter costs the read of one page, where the whole 128 bits decide.
 *
 * So nobody can force a false duplicate: that takes two ids with the same 16 bytes of SHA-256. And nobody can make the
 * filters say "maybe" more often than chance does, since places in them come from a hash keyed with this object's seed.
 *
 * What writes is called in its caller's transaction and leaves memory as it was; `adopt` follows it.
 */
import {assert, must} from '../../src/lib/assert.ts';
import {decodeEntryValue, EntryWriter, ENTRY_BYTES} from './hash-entries.ts';
import {addToFilter, mayHold, newFilter, probesOf} from './hash-filter.ts';
import type {HashIndex} from './hash-index.ts';
import {keyedHash} from './keyed-hash.ts';
import type {HashSeed} from './keyed-hash.ts';
import type {NewRun, RunStatements} from './runs-sql.ts';

/** About 12 kB: some microseconds to read. */
const PAGE_KEYS = 512;
/** The filter of a run fits in a row. */
const MAX_RUN_KEYS = 1_000_000;
/**
 * Pages kept in memory, those of one run: about 3 MB. A sender that repeats what it sent some time ago finds its ids in
 * one run, and the first some hundreds of them bring in its pages.
 */
const PAGES_KEPT = 256;
const ENTRY_WORDS = ENTRY_BYTES / 4;

/** Of the hashes that are sealed together. */
export interface SealSpan {
  readonly lastMs: number;
  readonly lastSeq: number;
}

/** What is in memory of a run. */
export interface Run extends Omit<NewRun, 'filter'> {
  readonly filter: Uint32Array;
}

export class SealedRuns {
  readonly #statements: RunStatements;
  readonly #seed: HashSeed;
  /** The oldest first. */
  #runs: readonly Run[];
  /** Run and page → its entries; the one that was read longest ago is first. */
  readonly #pages = new Map<string, ArrayBuffer>();

  constructor(statements: RunStatements, seed: HashSeed) {
    this.#statements = statements;
    this.#seed = seed;
    this.#runs = Array.from(statements.runs(), (row) => ({
      runId: row.run_id,
      lastMs: row.last_ms,
      lastSeq: row.last_seq,
      count: row.count,
      pageBits: row.page_bits,
      filter: new Uint32Array(row.filter),
    }));
  }

  get count(): number {
    return this.#runs.reduce((total, {count}) => total + count, 0);
  }

  /** Those that were sealed first. */
  get oldestFirst(): readonly Run[] {
    return this.#runs;
  }

  get(key: Uint32Array): number | undefined {
    if (this.#runs.length === 0) return undefined;
    const hash = keyedHash(key, this.#seed);
    const probes = probesOf(hash);
    for (let at = this.#runs.length - 1; at >= 0; at -= 1) {
      const run = this.#runs[at]!;
      if (!mayHold(run.filter, probes)) continue;
      const value = this.#read(run, key, hash.high);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** `null` when there is nothing in `index`. */
  write(index: HashIndex, span: SealSpan): Run | null {
    if (index.size === 0) return null;
    assert(index.size <= MAX_RUN_KEYS, 'the owner seals before there are too many');
    const runId = (this.#runs.at(-1)?.runId ?? 0) + 1;
    const pageBits = Math.max(0, Math.round(Math.log2(index.size / PAGE_KEYS)));
    const filter = newFilter(index.size);
    const pageOf = new Uint16Array(index.size);
    const counts = new Uint32Array(1 << pageBits);
    index.forEach((key, _, at) => {
      const hash = keyedHash(key, this.#seed);
      addToFilter(filter, probesOf(hash));
      const page = pageNumber(hash.high, pageBits);
      pageOf[at] = page;
      counts[page]! += 1;
    });
    this.#writePages({runId, index, pageOf, counts});
    const run = {...span, runId, count: index.size, pageBits, filter};
    this.#statements.insertRun({...run, filter: new Uint8Array(filter.buffer)});
    return run;
  }

  delete({runId}: Run): void {
    this.#statements.deleteRun(runId);
  }

  /** After the transaction that wrote one and deleted the `dropped` oldest. */
  adopt(written: Run | null, dropped: number): void {
    this.#runs = [...this.#runs, ...(written === null ? [] : [written])].slice(dropped);
    this.#pages.clear();
  }

  #writePages({runId, index, pageOf, counts}: PagesToWrite): void {
    const entries = new EntryWriter(index.size);
    const next = counts.map((_, page) => counts.subarray(0, page).reduce((sum, n) => sum + n, 0));
    const starts = next.slice();
    index.forEach((key, value, at) => {
      entries.put(next[pageOf[at]!]!++, key, value);
    });
    starts.forEach((start, page) => {
      this.#statements.insertPage(runId, page, entries.slice(start, next[page]!));
    });
  }

  #page(runId: number, page: number): ArrayBuffer {
    const name = `${runId}/${page}`;
    const entries =
      this.#pages.get(name) ?? must(this.#statements.page(runId, page), 'a run has all its pages');
    this.#pages.delete(name);
    this.#pages.set(name, entries);
    if (this.#pages.size > PAGES_KEPT) {
      const [oldest] = this.#pages.keys();
      this.#pages.delete(oldest!);
    }
    return entries;
  }

  #read({runId, pageBits}: Run, key: Uint32Array, high: number): number | undefined {
    const page = this.#page(runId, pageNumber(high, pageBits));
    const words = new Uint32Array(page);
    for (let at = 0; at < words.length; at += ENTRY_WORDS) {
      if (
        words[at] === key[0] &&
        words[at + 1] === key[1] &&
        words[at + 2] === key[2] &&
        words[at + 3] === key[3]
      )
        return decodeEntryValue(page, at / ENTRY_WORDS);
    }
    return undefined;
  }
}

interface PagesToWrite {
  readonly runId: number;
  readonly index: HashIndex;
  /** By the order of the index. */
  readonly pageOf: Uint16Array;
  /** Hashes of each page. */
  readonly counts: Uint32Array;
}

/** The upper bits of a hash; a shift by 32 would be one by none. */
function pageNumber(high: number, pageBits: number): number {
  return pageBits === 0 ? 0 : high >>> (32 - pageBits);
}
