import {entryIndex} from '../state/entry-index.ts';
import type {KeyedEntry} from '../state/keyed-store.ts';
import type {Session} from './session-codec.ts';

/**
 * A key's open sessions with an event within the gap of `timeMs`, by start. Those that end before `closedBeforeMs` are
 * closed, and not seen.
 *
 * An entry's `at` is not behind its session's start, and a key's open sessions are by `at` as they are by time; see
 * `freePlace`.
 */
export function sessionsNear(
  entries: readonly KeyedEntry<Session>[],
  timeMs: number,
  {gapMs, closedBeforeMs}: {readonly gapMs: number; readonly closedBeforeMs: number},
): readonly KeyedEntry<Session>[] {
  const near: KeyedEntry<Session>[] = [];
  for (let i = entryIndex(entries, timeMs + gapMs + 1) - 1; i >= 0; i--) {
    const entry = entries[i]!;
    const {startMs, endMs} = entry.value;
    if (endMs < closedBeforeMs || startMs > timeMs + gapMs) continue;
    if (endMs < timeMs - gapMs) break;
    near.push(entry);
  }
  return near.toReversed();
}

/**
 * Where a session that starts at `startMs` goes: there, or the first free place before. The place is only taken by a
 * closed session that is not emitted yet. That one ends no earlier than it starts, and open ones end later than closed ones:
 * so no open session ends before `startMs`, and this one stays the first of them.
 */
export function freePlace(entries: readonly KeyedEntry<Session>[], startMs: number): number {
  let at = startMs;
  while (entries[entryIndex(entries, at)]?.at === at) at -= 1;
  return at;
}
