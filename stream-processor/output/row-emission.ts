import type {Emit} from '../../src/define/view.ts';
import type {Operator, Row, RowIdentity} from '../engine/operator.ts';
import {resultName} from './result-record.ts';

/** Rows that are not final, per view and commit, of views that emit every so often. */
const MAX_OPEN_PER_COMMIT = 20_000;

/** What a commit does to a view's rows, before it is made. */
export interface RowChanges {
  readonly final: readonly Row[];
  readonly changed: () => readonly Row[];
  readonly withdrawn: readonly RowIdentity[];
}

/**
 * Which open rows of a view a commit writes to its topic. With `everyMs` that is what changed since it was last written, so
 * often at most; what is left then waits in `#pending`, as it was when it changed last. That is not part of the state: after a
 * restore every open row counts as changed. Writing one again says the same again.
 */
export class RowEmission {
  readonly #emit: Emit;
  readonly #operator: Pick<Operator, 'openRows'>;
  readonly #pending = new Map<string, Row>();
  #lastMs = Number.NEGATIVE_INFINITY;
  /** Whether the last commit had no room for all. */
  #isBehind = false;
  /** Open rows of before the restore that are not looked at yet: those behind `after`. */
  #unseen: {after: RowIdentity | undefined} | undefined;

  constructor(emit: Emit, operator: Pick<Operator, 'openRows'>) {
    this.#emit = emit;
    this.#operator = operator;
    if (typeof emit === 'object') this.#unseen = {after: undefined};
  }

  /** Whether a commit should be made for it. */
  isDue(nowMs: number): boolean {
    return (this.#pending.size > 0 || this.#unseen !== undefined) && this.#isTime(nowMs);
  }

  take(changes: RowChanges, nowMs: number): readonly Row[] {
    if (this.#emit === 'final') return [];
    if (this.#emit === 'updates') return changes.changed();
    const gone = new Set([...changes.final, ...changes.withdrawn].map(resultName));
    for (const name of gone) this.#pending.delete(name);
    for (const row of changes.changed()) this.#pending.set(resultName(row), row);
    if (!this.#isTime(nowMs)) return [];
    const rows = this.#takePending();
    if (rows.length < MAX_OPEN_PER_COMMIT) rows.push(...this.#takeUnseen(gone, rows));
    this.#isBehind = this.#pending.size > 0 || this.#unseen !== undefined;
    this.#lastMs = nowMs;
    return rows;
  }

  #isTime(nowMs: number): boolean {
    if (typeof this.#emit !== 'object') return false;
    const sinceMs = nowMs - this.#lastMs;
    // A clock that was set back must not hold anything up.
    return this.#isBehind || sinceMs < 0 || sinceMs >= this.#emit.everyMs;
  }

  #takePending(): Row[] {
    const rows: Row[] = [];
    for (const [name, row] of this.#pending) {
      if (rows.length >= MAX_OPEN_PER_COMMIT) break;
      rows.push(row);
      this.#pending.delete(name);
    }
    return rows;
  }

  #takeUnseen(gone: ReadonlySet<string>, written: readonly Row[]): readonly Row[] {
    if (this.#unseen === undefined) return [];
    const limit = MAX_OPEN_PER_COMMIT - written.length;
    const {after} = this.#unseen;
    const rows = this.#operator.openRows({...ALL, after, limit});
    this.#unseen = rows.length < limit ? undefined : {after: rows.at(-1)};
    const known = new Set(written.map(resultName));
    return rows.filter((row) => {
      const name = resultName(row);
      return !gone.has(name) && !known.has(name) && !this.#pending.has(name);
    });
  }
}

const ALL = {fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY};
