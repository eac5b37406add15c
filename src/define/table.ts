/** What an event can be enriched from: a row by key. */
import type {AnyInput, Input, Typed} from './input.ts';
import type {AggregateView, RowOf} from './view.ts';

/* oxlint-disable typescript/no-explicit-any -- their rows' types were checked where they were made */
/** The latest event of each key. Kept like a view's state: in the changelog and the checkpoint. */
export interface LatestTable<Row = any> extends Typed<Row> {
  readonly kind: 'latest';
  readonly name: string;
  readonly from: AnyInput;
}

/** The latest row of each key of an aggregate view of the same key. */
export interface ViewTable<Row = any> extends Typed<Row> {
  readonly kind: 'view';
  readonly view: AggregateView;
}

/** Rows that never change while the program runs. Every replica has all of them. */
export interface StaticTable<Row = any> extends Typed<Row> {
  readonly kind: 'static';
  readonly name: string;
  readonly rows: ReadonlyMap<string, Row>;
}
/* oxlint-enable typescript/no-explicit-any */

export type Table<Row> = LatestTable<Row> | ViewTable<Row> | StaticTable<Row>;
export type AnyTable = LatestTable | ViewTable | StaticTable;

/**
 * The latest event by key of an input, by event time; of the same time the one that came last: a compacted topic read as a
 * table. A row stays until a newer event replaces it, or deletes it by being nothing: an event without data, of a stream
 * whose schema takes one, or what a `map` made `null` or `undefined`. `name`: lower-case letters, digits and dashes, from a
 * letter on.
 */
export function tableOf<Event>(
  from: Input<Event>,
  {name}: {readonly name: string},
): LatestTable<NonNullable<Event>> {
  return {kind: 'latest', name, from: from as AnyInput};
}

/**
 * The latest row by key of a view: what its aggregates were after the last event that it took of the key; of windows the
 * newest that the event went into. It outlives the window.
 */
export function tableOfView<View extends AggregateView>(view: View): ViewTable<RowOf<View>> {
  return {kind: 'view', view};
}

/**
 * A table from a file: `import rows from './stations.json' with {type: 'json'}`, and `key` names each row. Later rows
 * of the same key win. In SQL it has its `name`.
 */
export function staticTable<Row>(options: {
  readonly name: string;
  readonly rows: readonly Row[];
  readonly key: (row: NoInfer<Row>) => string;
}): StaticTable<Row> {
  const {name, rows, key} = options;
  return {kind: 'static', name, rows: new Map(rows.map((row) => [key(row), row]))};
}
