import type {EngineView} from '../engine/engine-view.ts';
import type {Row, RowIdentity} from '../engine/operator.ts';
import type {TaskEngine} from '../engine/task-engine.ts';
import type {Fields, OracleCase} from './oracle-case.ts';

/** What commits write of a case's view, in the form of its results. */
export class CommittedRows {
  readonly #oracle: OracleCase;
  readonly #engine: TaskEngine;
  readonly #view: EngineView;
  /** Sessions written and not withdrawn. */
  readonly #written = new Set<string>();

  constructor(oracle: OracleCase, engine: TaskEngine) {
    this.#oracle = oracle;
    this.#engine = engine;
    this.#view = engine.views[0]!;
  }

  /** Makes a commit. */
  commit(): readonly Fields[] {
    const final = this.#engine.takeFinal(Number.MAX_SAFE_INTEGER).get(this.#view)!;
    const changed = [...this.#view.operator.changedRows()];
    const withdrawn = [...this.#view.operator.withdrawnRows()];
    this.#engine.markCommitted();
    if (this.#oracle.type === 'join') return final.map(joinResult);
    if (this.#oracle.emit === 'final') return final.map(windowResult);
    const removed = this.#oracle.window.type === 'session' ? this.#removed(changed, withdrawn) : [];
    return [...removed, ...changed.map(windowResult)];
  }

  /**
   * Kafka Streams withdraws a session before it writes it anew, also one whose span did not change, unless that is one instant.
   * We write the new value over the old: the record's key is the same.
   */
  #removed(changed: readonly Row[], withdrawn: readonly RowIdentity[]): readonly Fields[] {
    const rewritten = changed.filter(
      (row) => row.start! < row.end! && this.#written.has(spanOf(row)),
    );
    for (const row of withdrawn) this.#written.delete(spanOf(row));
    for (const row of changed) this.#written.add(spanOf(row));
    return [...withdrawn, ...rewritten].map((row) => ({...placeOf(row), removed: true}));
  }
}

function windowResult(row: Row): Fields {
  return {...placeOf(row), ...row.values};
}

/** Dated with the larger of its times. */
function joinResult({key, end, values}: Row): Fields {
  return {...values, key, ts: end};
}

function placeOf({key, start, end}: RowIdentity): Fields {
  return {key, windowStart: start, windowEnd: end};
}

function spanOf({key, start, end}: RowIdentity): string {
  return JSON.stringify([key, start, end]);
}
