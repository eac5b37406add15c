import type {ViewDelta} from '../../src/protocol/query.ts';
import type {ViewCommit} from '../task/commit.ts';
import {nameOf, toNamedRow, toViewRow} from './view-row.ts';

/** What a commit changes in a view, before the commit is marked as made. */
export function deltaOf({
  changed,
  final,
  withdrawn,
  expired,
}: Pick<ViewCommit, 'changed' | 'final' | 'withdrawn' | 'expired'>): ViewDelta {
  const upsert = new Map<string, ReturnType<typeof toViewRow>>();
  for (const row of [...changed(), ...final]) {
    const shown = toViewRow(row);
    upsert.set(nameOf(shown), shown);
  }
  // What was withdrawn and came again within the commit is there.
  const gone = [...withdrawn, ...expired].map(toNamedRow).filter((row) => !upsert.has(nameOf(row)));
  return {upsert: [...upsert.values()], delete: gone};
}
