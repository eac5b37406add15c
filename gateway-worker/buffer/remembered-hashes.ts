/**
 * Hashes and the numbers they stand for, remembered for a window of time whatever their number. The newest are in memory,
 * and in SQLite as their owner wrote them; when those are many or span long, they are sealed into a run of sorted pages
 * (sealed-runs.ts), which is forgotten as a whole when the window of its youngest has passed. So a hash is known for its
 * window, and for an eighth of it longer at most. With `maxIds` of them, the oldest run leaves early: counted and told.
 *
 * Memory: 1.9 MB for each million sealed, and a table of up to 6 MB for the newest.
 * Crash: a seal and a forgetting are a transaction each, and memory follows it. Before a seal the owner's rows have the
 * hashes, after it the run has; `onSeal` drops the owner's rows in the same transaction.
 */
import type {HashEntry} from './hash-entries.ts';
import {HashIndex} from './hash-index.ts';
import {SEED_BYTES} from './keyed-hash.ts';
import type {HashSeed} from './keyed-hash.ts';
import type {RunStatements} from './runs-sql.ts';
import {SealedRuns} from './sealed-runs.ts';
import type {Run} from './sealed-runs.ts';

/** So many are sealed together, which takes some 50 ms. */
export const SEALED_TOGETHER = 100_000;
/** After so many seqs with few ids among them: a start reads what was not sealed. */
const UNSEALED_SEQS = 200_000;
/** A run spans at most this part of the window: what is in one run is forgotten together. */
const RUN_WINDOW_PART = 8;
/** However short the window: a run costs some rows. */
const RUN_MIN_MS = 1_000;
/** Runs forgotten in one turn; each is some 250 rows. */
const RUNS_FORGOTTEN = 8;

export interface RememberedHashesOptions {
  readonly storage: DurableObjectStorage;
  readonly statements: RunStatements;
  readonly windowMs: number;
  /** Above it the oldest leave early. */
  readonly maxIds: number;
  /** 16 random bytes, for the first start. */
  readonly newSeed: () => Uint8Array;
  /** Called within the transaction that seals or forgets all of the newest. */
  readonly onSeal: () => void;
  /** After some left early; how many. Must not throw. */
  readonly onForgottenEarly: (ids: number) => void;
}

/** When hashes that are added together came, and the last seq of those they came with. */
export interface HashSpan {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly lastSeq: number;
}

export class RememberedHashes {
  readonly seed: HashSeed;
  readonly #options: RememberedHashesOptions;
  readonly #runs: SealedRuns;
  #recent: HashIndex;
  #recentFirstMs = 0;
  #recentLastMs = 0;
  #recentLastSeq = 0;
  #sealedSeq: number;
  #forgottenEarly: number;

  constructor(options: RememberedHashesOptions) {
    const {statements, newSeed} = options;
    this.#options = options;
    let state = statements.state();
    if (state === undefined) {
      const seed = newSeed().slice(0, SEED_BYTES);
      statements.insertState(seed);
      state = {seed: seed.buffer, sealed_seq: 0, forgotten_early: 0};
    }
    this.seed = new Uint32Array(state.seed);
    this.#sealedSeq = state.sealed_seq;
    this.#forgottenEarly = state.forgotten_early;
    this.#runs = new SealedRuns(statements, this.seed);
    this.#recent = new HashIndex(this.seed);
  }

  get count(): number {
    return this.#runs.count + this.#recent.size;
  }

  /** Of those that are not sealed. */
  get recentCount(): number {
    return this.#recent.size;
  }

  /** Ids that left before their window had passed, ever. */
  get forgottenEarly(): number {
    return this.#forgottenEarly;
  }

  /** Every hash that was added with a seq up to this one is sealed, or was forgotten. */
  get sealedSeq(): number {
    return this.#sealedSeq;
  }

  get(key: Uint32Array): number | undefined {
    return this.#recent.get(key) ?? this.#runs.get(key);
  }

  /** After their owner's rows have them. */
  add(entries: Iterable<HashEntry>, {firstMs, lastMs, lastSeq}: HashSpan): void {
    const before = this.#recent.size;
    for (const [key, value] of entries) this.#recent.set(key, value);
    if (this.#recent.size === before) return;
    if (before === 0) this.#recentFirstMs = firstMs;
    this.#recentLastMs = Math.max(this.#recentLastMs, lastMs);
    this.#recentLastSeq = lastSeq;
  }

  /**
   * Call it before adding; `lastSeq` is the last one there is. Throws when storage does, and has changed nothing then.
   * @returns whether all of the newest were sealed
   */
  sealIfDue(nowMs: number, lastSeq: number): boolean {
    const isDue = this.#isSealDue(nowMs, lastSeq);
    if (isDue) this.#seal(lastSeq);
    return isDue;
  }

  #isSealDue(nowMs: number, lastSeq: number): boolean {
    if (lastSeq - this.#sealedSeq >= UNSEALED_SEQS) return true;
    if (this.#recent.size === 0) return false;
    const spanMs = Math.max(this.#options.windowMs / RUN_WINDOW_PART, RUN_MIN_MS);
    return this.#recent.size >= SEALED_TOGETHER || nowMs - this.#recentFirstMs >= spanMs;
  }

  #seal(lastSeq: number): void {
    const {statements, storage, maxIds, onSeal, onForgottenEarly} = this.#options;
    const early = this.#oldestBeyond(maxIds - this.#recent.size);
    const forgotten = early.reduce((total, {count}) => total + count, 0);
    const written = storage.transactionSync(() => {
      const run = this.#runs.write(this.#recent, {lastMs: this.#recentLastMs, lastSeq});
      for (const run of early) this.#runs.delete(run);
      statements.updateState({
        sealedSeq: lastSeq,
        forgottenEarly: this.#forgottenEarly + forgotten,
      });
      onSeal();
      return run;
    });
    this.#runs.adopt(written, early.length);
    this.#sealedSeq = lastSeq;
    this.#forgottenEarly += forgotten;
    this.#recent = new HashIndex(this.seed);
    if (forgotten > 0) onForgottenEarly(forgotten);
  }

  /**
   * Forgets what has outlived its window, of hashes with a seq up to `uptoSeq`. Answers when more of them will have (in
   * the past when there are more to forget now), `null` when none of them is left.
   */
  forget(nowMs: number, uptoSeq: number): number | null {
    const {storage, statements, windowMs, onSeal} = this.#options;
    const expired = this.#runs.oldestFirst.slice(0, RUNS_FORGOTTEN);
    const kept = expired.findIndex(
      ({lastMs, lastSeq}) => lastMs + windowMs > nowMs || lastSeq > uptoSeq,
    );
    if (kept >= 0) expired.length = kept;
    const isRecentOver =
      this.#recent.size > 0 &&
      this.#recentLastSeq <= uptoSeq &&
      this.#recentLastMs + windowMs <= nowMs;
    storage.transactionSync(() => {
      for (const run of expired) this.#runs.delete(run);
      if (!isRecentOver) return;
      const forgottenEarly = this.#forgottenEarly;
      statements.updateState({sealedSeq: this.#recentLastSeq, forgottenEarly});
      onSeal();
    });
    this.#runs.adopt(null, expired.length);
    if (isRecentOver) {
      this.#sealedSeq = this.#recentLastSeq;
      this.#recent = new HashIndex(this.seed);
    }
    return this.nextExpiryMs(uptoSeq);
  }

  /** When the window of the oldest will have passed, of hashes with a seq up to `uptoSeq`; `null` when there are none. */
  nextExpiryMs(uptoSeq: number): number | null {
    const {windowMs} = this.#options;
    const [oldest] = this.#runs.oldestFirst;
    if (oldest !== undefined) return oldest.lastSeq <= uptoSeq ? oldest.lastMs + windowMs : null;
    if (this.#recent.size === 0 || this.#recentLastSeq > uptoSeq) return null;
    return this.#recentLastMs + windowMs;
  }

  /** The oldest runs, as many as must go for the others to have at most `ids`. */
  #oldestBeyond(ids: number): readonly Run[] {
    let count = this.#runs.count;
    let dropped = 0;
    for (const run of this.#runs.oldestFirst) {
      if (count <= ids) break;
      count -= run.count;
      dropped += 1;
    }
    return this.#runs.oldestFirst.slice(0, dropped);
  }
}
