import {setTimeout as delay} from 'node:timers/promises';
import * as z from 'zod';
import {ViewRow, type RowIdentity} from '../../src/protocol/query.ts';
import {readEventStream, type ServerEvent} from './read-event-stream.ts';

/** A screen shows few; more would only take memory. */
const MAX_KEPT_ROWS = 200;
const RECONNECT_MS = 1_000;

const Identity = ViewRow.pick({key: true, start: true, end: true, id: true});
const Snapshot = z.union([z.array(ViewRow), z.object({rows: z.array(ViewRow)})]);
const Delta = z.object({upsert: z.array(ViewRow), delete: z.array(Identity)});

/** The rows of a view that changed last, by its live query. */
export class ViewFollower {
  readonly view: string;
  readonly #url: string;
  /** Least recently changed first. */
  readonly #rows = new Map<string, ViewRow>();

  constructor(queryUrl: string, view: string) {
    this.view = view;
    this.#url = `${queryUrl}/v1/views/${view}/live`;
  }

  /** Newest change first, so many rows of a key at most: a busy key must not hide the others. */
  newest({rows, perKey}: {readonly rows: number; readonly perKey: number}): readonly ViewRow[] {
    const shown = new Map<string, number>();
    return [...this.#rows.values()]
      .toReversed()
      .filter(({key}) => {
        const count = (shown.get(key) ?? 0) + 1;
        shown.set(key, count);
        return count <= perKey;
      })
      .slice(0, rows);
  }

  /** Follows the view until `signal` is aborted, across restarts of the processor. */
  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const answer = await fetch(this.#url, {signal});
        // It has too many rows: asking again reads them all again.
        if (answer.status === 400) return;
        if (answer.ok && answer.body !== null) {
          for await (const event of readEventStream(answer.body)) this.take(event);
        }
        await delay(RECONNECT_MS, undefined, {signal});
      } catch {
        // The processor is down; it will be back.
        await delay(RECONNECT_MS, undefined, {signal}).catch(() => undefined);
      }
    }
  }

  take({event, data}: ServerEvent): void {
    if (event === 'snapshot') {
      const snapshot = Snapshot.parse(JSON.parse(data));
      const rows = Array.isArray(snapshot) ? snapshot : snapshot.rows;
      this.#rows.clear();
      this.#upsert([...rows].sort((a, b) => (a.start ?? 0) - (b.start ?? 0)));
    } else if (event === 'delta') {
      const delta = Delta.parse(JSON.parse(data));
      for (const row of delta.delete) this.#rows.delete(identityOf(row));
      this.#upsert(delta.upsert);
    }
  }

  #upsert(rows: readonly ViewRow[]): void {
    for (const row of rows) {
      const identity = identityOf(row);
      this.#rows.delete(identity);
      this.#rows.set(identity, row);
    }
    for (const identity of this.#rows.keys()) {
      if (this.#rows.size <= MAX_KEPT_ROWS) return;
      this.#rows.delete(identity);
    }
  }
}

function identityOf({key, start, end, id}: RowIdentity): string {
  return JSON.stringify([key, start, end, id]);
}
