import type {SqlRow} from '../../src/protocol/query.ts';

export interface RowDifference {
  readonly insert: readonly SqlRow[];
  readonly delete: readonly SqlRow[];
}

/** What to take from and put into `before`, a multiset, to get `after`. */
export function rowDifference(before: readonly SqlRow[], after: readonly SqlRow[]): RowDifference {
  const left = new Map<string, {readonly row: SqlRow; count: number}>();
  for (const row of before) {
    const name = JSON.stringify(row);
    const entry = left.get(name);
    if (entry === undefined) left.set(name, {row, count: 1});
    else entry.count++;
  }
  const insert: SqlRow[] = [];
  for (const row of after) {
    const entry = left.get(JSON.stringify(row));
    if (entry === undefined || entry.count === 0) insert.push(row);
    else entry.count--;
  }
  const gone = [...left.values()].flatMap(({row, count}) => Array.from({length: count}, () => row));
  return {insert, delete: gone};
}
