import type {ChangedEntry} from '../state/keyed-store.ts';

/** The times at which each key's entries were added or changed, in order. */
export function changedTimes(
  changed: Iterable<ChangedEntry<unknown>>,
): ReadonlyMap<string, readonly number[]> {
  const byKey = new Map<string, number[]>();
  for (const {key, at, value} of changed) {
    if (value === undefined) continue;
    const times = byKey.get(key);
    if (times === undefined) byKey.set(key, [at]);
    else times.push(at);
  }
  for (const times of byKey.values()) times.sort((a, b) => a - b);
  return byKey;
}
