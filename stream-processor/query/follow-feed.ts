import type {LiveEvent, ViewRow} from '../../src/protocol/query.ts';
import type {RowRange} from '../engine/operator.ts';
import type {LiveEntry, LiveFeed, Watermarks} from './live-feed.ts';
import {leastWatermark} from './least-watermark.ts';
import {tooManyRows} from './problem.ts';
import {isInRange} from './view-row.ts';

/** Between two looks whether the tasks are restored. */
const RESTORE_POLL_MS = 250;
/** How long a reader waits for a change at a time. */
const WAIT_MS = 15_000;
/** No place in any feed: a client that comes back with it starts over. */
const NO_PLACE = 'reset';

/** All from one instant; `restoring` while a task is. */
export type Snapshot =
  | {readonly rows: readonly ViewRow[]; readonly watermarks: Watermarks}
  | 'restoring';

export interface FollowedFeed {
  readonly feed: LiveFeed;
  readonly range: RowRange;
  readonly partitions: ReadonlySet<number>;
  /** One row more than the range's limit at most. */
  readonly snapshot: () => Snapshot;
  readonly signal: AbortSignal;
  readonly lastEventId: string | undefined;
}

/**
 * snapshot → (delta | progress)…, from one place in the feed to the next. A snapshot is taken in the same instant as the
 * place it carries, so what follows that place is exactly what the snapshot lacks. Ends with the signal.
 * @throws QueryFailed `too-many-rows` when there are more rows than the range's limit; `not-local`
 */
export async function* followFeed(followed: FollowedFeed): AsyncGenerator<LiveEvent> {
  const {feed, signal} = followed;
  const leave = feed.enter();
  try {
    let place = followed.lastEventId;
    let told: number | null = null;
    while (!signal.aborted) {
      const next = place === undefined ? 'lost' : feed.after(place);
      if (next === 'end') {
        await feed.waitForChange(WAIT_MS, signal);
      } else if (next === 'lost') {
        if (place !== undefined) yield {event: 'reset', id: NO_PLACE};
        const first = await firstEvents(followed);
        if (first === undefined) return;
        yield* first.events;
        ({place, told} = first);
      } else {
        place = next.place;
        const event = eventOf(next.entry, place, followed, told);
        if (event === undefined) continue;
        if (event.event === 'progress') told = event.watermark;
        yield event;
      }
    }
  } finally {
    leave();
  }
}

async function firstEvents({feed, range, partitions, snapshot, signal}: FollowedFeed) {
  while (!signal.aborted) {
    const {place} = feed;
    const picture = snapshot();
    if (picture === 'restoring') {
      await feed.waitForChange(RESTORE_POLL_MS, signal);
      continue;
    }
    const {rows, watermarks} = picture;
    if (rows.length > range.limit) throw tooManyRows(range.limit);
    const told = leastWatermark(watermarks, partitions);
    const events: readonly LiveEvent[] = [
      {event: 'snapshot', rows, id: place},
      {event: 'progress', watermark: told, id: place},
    ];
    return {events, place, told};
  }
  return undefined;
}

/** `undefined` for what says nothing about these partitions and this range. */
function eventOf(
  entry: LiveEntry,
  id: string,
  {range, partitions}: FollowedFeed,
  told: number | null,
): LiveEvent | undefined {
  if (entry.kind === 'progress') {
    const watermark = leastWatermark(entry.watermarks, partitions);
    // What was told stands when a quiet partition gets an older first event.
    if (watermark === null || (told !== null && watermark <= told)) return undefined;
    return {event: 'progress', watermark, id};
  }
  if (!partitions.has(entry.partition)) return undefined;
  const upsert = entry.upsert.filter((row) => isInRange(row, range));
  const gone = entry.delete.filter((row) => isInRange(row, range));
  return upsert.length + gone.length === 0 ? undefined : {event: 'delta', upsert, delete: gone, id};
}
