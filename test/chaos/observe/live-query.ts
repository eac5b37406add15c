/**
 * A client of a live query that stays: it resumes with Last-Event-ID, keeps the rows it was told of, and writes the marks
 * it is given into the history. A `reset`, or an answer without one, begins a subscription anew.
 */
import {setTimeout as sleep} from 'node:timers/promises';
import type {RowIdentity, ViewDelta, ViewPage, ViewRow} from '../../../src/protocol/query.ts';
import type {HistoryWriter} from './history-writer.ts';
import {readEvents, type ServerEvent} from './read-events.ts';

const RETRY_MS = 500;
/** Rows of a query that starts anew: a snapshot of hours would be more than the processor gives. */
const LOOK_BACK_MS = 60_000;
/** Of one page of a fresh query. */
const FRESH_DEADLINE_MS = 5_000;

export interface LiveQueryOptions {
  readonly name: string;
  readonly url: string;
  readonly view: string;
  readonly history: HistoryWriter;
  /** Event time that is now. */
  readonly eventTimeMs: () => number;
}

export interface LiveQuery {
  /** What it holds now, and what a fresh query of the same range says; `null` while there is no such answer. */
  compare(): Promise<{
    readonly live: readonly ViewRow[];
    readonly fresh: readonly ViewRow[];
  } | null>;
  stop(): Promise<void>;
}

interface State {
  fromMs: number;
  lastEventId: string | undefined;
  subscription: number;
  hasSnapshot: boolean;
  readonly rows: Map<string, ViewRow>;
}

export function followLiveQuery(options: LiveQueryOptions): LiveQuery {
  const stopping = new AbortController();
  const state: State = {
    fromMs: options.eventTimeMs() - LOOK_BACK_MS,
    lastEventId: undefined,
    subscription: 1,
    hasSnapshot: false,
    rows: new Map(),
  };
  const done = follow(options, state, stopping.signal);
  return {
    async compare() {
      if (!state.hasSnapshot) return null;
      const fresh = await freshRows(options, state.fromMs);
      return fresh === null ? null : {live: [...state.rows.values()], fresh};
    },
    async stop() {
      stopping.abort();
      await done;
    },
  };
}

async function follow(options: LiveQueryOptions, state: State, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    try {
      const from = new URLSearchParams({from: String(state.fromMs)});
      const response = await fetch(
        `${options.url}/v1/views/${options.view}/live?${from.toString()}`,
        {
          headers: state.lastEventId === undefined ? {} : {'last-event-id': state.lastEventId},
          signal: stop,
        },
      );
      if (response.ok && response.body !== null) {
        for await (const event of readEvents(response.body)) take(options, state, event);
      } else {
        await response.body?.cancel();
        // Too many rows, or none of its partitions here: from now on, when there are some.
        startAnew(options, state);
      }
    } catch {
      // The replica is down; it resumes when it is back.
    }
    if (!stop.aborted) await sleep(RETRY_MS, undefined, {signal: stop}).catch(() => undefined);
  }
}

function startAnew({eventTimeMs}: LiveQueryOptions, state: State): void {
  state.fromMs = eventTimeMs() - LOOK_BACK_MS;
  state.lastEventId = undefined;
  state.hasSnapshot = false;
  state.subscription += 1;
}

function take({name, history}: LiveQueryOptions, state: State, event: ServerEvent): void {
  if (event.id !== undefined) state.lastEventId = event.id;
  if (event.event === 'reset') {
    state.subscription += 1;
    state.hasSnapshot = false;
  } else if (event.event === 'snapshot') {
    state.rows.clear();
    for (const row of (JSON.parse(event.data) as {rows: ViewRow[]}).rows) {
      state.rows.set(nameOf(row), row);
    }
    state.hasSnapshot = true;
  } else if (event.event === 'delta') {
    const delta = JSON.parse(event.data) as ViewDelta;
    for (const row of delta.upsert) state.rows.set(nameOf(row), row);
    for (const row of delta.delete) state.rows.delete(nameOf(row));
  } else if (event.event === 'progress') {
    const {watermark} = JSON.parse(event.data) as {watermark: number | null};
    const subscription = `${name}#${state.subscription}`;
    if (watermark !== null) history.add({type: 'watermark', subscription, watermark});
  }
}

async function freshRows(
  {url, view}: LiveQueryOptions,
  fromMs: number,
): Promise<readonly ViewRow[] | null> {
  const rows: ViewRow[] = [];
  for (let cursor: string | undefined; ;) {
    const query = new URLSearchParams({
      from: String(fromMs),
      limit: '1000',
      ...(cursor === undefined ? {} : {cursor}),
    });
    const response = await fetch(`${url}/v1/views/${view}?${query.toString()}`, {
      signal: AbortSignal.timeout(FRESH_DEADLINE_MS),
    });
    if (!response.ok) return null;
    const page = (await response.json()) as ViewPage;
    rows.push(...page.rows);
    if (page.cursor === undefined) return rows;
    cursor = page.cursor;
  }
}

function nameOf({key, start}: RowIdentity): string {
  return `${start} ${key}`;
}
