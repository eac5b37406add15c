import type {SSEStreamingApi} from 'hono/streaming';
import type {TumblingView} from '../../src/define/view.ts';
import type {LiveEntry, LiveFeed} from './live-feed.ts';
import type {RowRange} from './partition-rows.ts';
import type {ViewSource} from './view-source.ts';

const KEEP_ALIVE_MS = 15_000;
const RESTORE_POLL_MS = 250;
/** More rows than this are not a picture anyone keeps up to date: narrow the query by `key` or `from`. */
export const MAX_SNAPSHOT_ROWS = 10_000;
/** No place in any feed: a client that comes back with it starts over. */
const NO_PLACE = 'reset';

export interface LiveQuery {
  readonly view: TumblingView;
  readonly feed: LiveFeed;
  readonly source: ViewSource;
  readonly range: RowRange;
  readonly lastEventId: string | undefined;
}

/**
 * snapshot → (delta | progress)…, from one place in the feed to the next. A snapshot is taken in the same instant as the
 * place it carries, so what follows that place is exactly what the snapshot lacks.
 */
export async function runLive(stream: SSEStreamingApi, query: LiveQuery): Promise<void> {
  const {feed} = query;
  const leave = feed.enter();
  try {
    let place = query.lastEventId ?? (await sendSnapshot(stream, query));
    while (place !== undefined && isOpen(stream)) {
      const next = feed.after(place);
      if (next === 'end') {
        if (!(await feed.waitForChange(KEEP_ALIVE_MS))) await stream.write(': keep-alive\n\n');
      } else if (next === 'lost') {
        await stream.writeSSE({event: 'reset', data: '{}', id: NO_PLACE});
        place = await sendSnapshot(stream, query);
      } else {
        place = next.place;
        await sendEntry(stream, next, query.range);
      }
    }
  } finally {
    leave();
  }
}

/** Waits while tasks restore. Undefined when there is nothing to go on with: the stream ends and the client asks again. */
async function sendSnapshot(
  stream: SSEStreamingApi,
  {view, feed, source, range}: LiveQuery,
): Promise<string | undefined> {
  while (isOpen(stream)) {
    const {place} = feed;
    const lookup = source.rows(view, {...range, limit: MAX_SNAPSHOT_ROWS + 1});
    if (lookup.kind === 'restoring') {
      await feed.waitForChange(RESTORE_POLL_MS);
      continue;
    }
    if (lookup.kind !== 'rows' || lookup.rows.length > MAX_SNAPSHOT_ROWS) return undefined;
    const progress = {watermark: source.watermarkMs(view.stream.name)};
    const rows = JSON.stringify({rows: lookup.rows});
    await stream.writeSSE({event: 'snapshot', data: rows, id: place});
    await stream.writeSSE({event: 'progress', data: JSON.stringify(progress), id: place});
    return place;
  }
  return undefined;
}

async function sendEntry(
  stream: SSEStreamingApi,
  {place, entry}: {readonly place: string; readonly entry: LiveEntry},
  range: RowRange,
): Promise<void> {
  if (entry.kind === 'progress') {
    const data = JSON.stringify({watermark: entry.watermark});
    await stream.writeSSE({event: 'progress', data, id: place});
    return;
  }
  const isWanted = ({key, start}: {key: string; start: number}) =>
    (range.key === undefined || key === range.key) && start >= range.fromMs && start < range.toMs;
  const delta = {upsert: entry.upsert.filter(isWanted), delete: entry.delete.filter(isWanted)};
  if (delta.upsert.length + delta.delete.length === 0) return;
  await stream.writeSSE({event: 'delta', data: JSON.stringify(delta), id: place});
}

function isOpen(stream: SSEStreamingApi): boolean {
  return !stream.aborted && !stream.closed;
}
