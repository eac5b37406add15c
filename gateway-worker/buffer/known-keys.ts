/**
 * Idempotency-Keys and the fingerprints of their bodies, for the stream's dedupe window (remembered-hashes.ts). Until
 * they are sealed they are in `claims`, of which the newest row is rewritten with each commit while it is short. A start
 * of the object begins a row of its own: a row knows the time of its newest key only, and one that was added to after
 * every eviction would never look old enough to be sealed. As each row's span is at most an eighth of the window, a key
 * is known for a quarter of it longer at most.
 */
import {concatBytes} from '../../src/lib/bytes.ts';
import {decodeEntries, encodeEntries} from './hash-entries.ts';
import type {HashEntry} from './hash-entries.ts';
import type {IdempotencyStatements} from './idempotency-sql.ts';
import type {HashSeed} from './keyed-hash.ts';
import {RememberedHashes} from './remembered-hashes.ts';
import type {RememberedHashesOptions} from './remembered-hashes.ts';

/** A row is added to below it: short enough to be written again and again, long enough to be few. */
const OPEN_ROW_BYTES = 12_000;
/** Version 1 of this object knew at most so many keys, but left all rows of the window. */
const KEYS_LOADED = 300_000;

export interface KnownKeysOptions extends Omit<RememberedHashesOptions, 'onSeal' | 'statements'> {
  readonly statements: IdempotencyStatements;
}

export class KnownKeys {
  readonly #statements: IdempotencyStatements;
  readonly #hashes: RememberedHashes;
  /** A copy of the newest row of `claims`, or nothing when the next commit begins another, as the first one does. */
  #open: Uint8Array = new Uint8Array();

  constructor(options: KnownKeysOptions) {
    const {statements} = options;
    this.#statements = statements;
    this.#hashes = new RememberedHashes({...options, onSeal: () => statements.deleteAll()});
    const rows: {readonly ms: number; readonly entries: readonly HashEntry[]}[] = [];
    let keys = 0;
    for (const {claimed_ms: ms, entries} of statements.newestFirst()) {
      rows.push({ms, entries: decodeEntries(entries)});
      keys += rows.at(-1)!.entries.length;
      if (keys >= KEYS_LOADED) break;
    }
    for (const {ms, entries} of rows.toReversed())
      this.#hashes.add(entries, {firstMs: ms, lastMs: ms, lastSeq: 0});
  }

  /** For indexes of keys that live as short as a commit. */
  get seed(): HashSeed {
    return this.#hashes.seed;
  }

  /** Of the body the key came with. */
  fingerprintOf(key: Uint32Array): number | undefined {
    return this.#hashes.get(key);
  }

  /** Call it before keys are looked up for `add`. Throws when storage does, and has changed nothing then. */
  sealIfDue(nowMs: number): void {
    if (this.#hashes.sealIfDue(nowMs, 0)) this.#open = new Uint8Array();
  }

  /** One statement, so it is written or it is not. */
  add(entries: readonly HashEntry[], nowMs: number): void {
    if (entries.length === 0) return;
    const row = concatBytes([this.#open, encodeEntries(entries)]);
    if (this.#open.byteLength === 0) this.#statements.insert(nowMs, row);
    else this.#statements.updateNewest(nowMs, row);
    this.#open = row.byteLength < OPEN_ROW_BYTES ? row : new Uint8Array();
    this.#hashes.add(entries, {firstMs: nowMs, lastMs: nowMs, lastSeq: 0});
  }

  /** See RememberedHashes. */
  forget(nowMs: number): number | null {
    const nextMs = this.#hashes.forget(nowMs, 0);
    if (this.#hashes.recentCount === 0) this.#open = new Uint8Array();
    return nextMs;
  }

  nextExpiryMs(): number | null {
    return this.#hashes.nextExpiryMs(0);
  }
}
