/**
 * Invariant: the items are a prefix of all values in the order of event time, and of arrival within one time. `cutMs` is the
 * time of the first value that is not among them, so what comes behind it stays out, also if an earlier value was too large
 * to fit where a later one would. That makes it the same prefix however the events were split and merged.
 */
import {fromUtf8, utf8} from '../../lib/bytes.ts';
import type {Json, ObjectAggregate} from '../aggregate.ts';
import {isWithin} from '../problem-if.ts';
import {utf8Bytes} from '../../lib/utf8-bytes.ts';
import {jsonText, MAX_STATE_BYTES} from './json-text.ts';

const MAX_LIMIT = 10_000;

interface Item {
  readonly timeMs: number;
  /** Its value as JSON. */
  readonly text: string;
}

export interface CollectState {
  readonly items: Item[];
  /** How many values came. */
  total: number;
  bytes: number;
  /** `null`: all values are there. */
  cutMs: number | null;
}

/**
 * The values in the order of event time, then of arrival: the first `limit` (1 to 10,000) of them, and no more than make up
 * 128 KiB of JSON. `more` says how many came beyond. `null` and `undefined` are left out. A state is the values' JSON and 20
 * bytes for each.
 */
export function collect<Event, Value extends Json>(
  of: (event: Event) => Value | null | undefined,
  {limit}: {readonly limit: number},
): ObjectAggregate<Event, CollectState, {values: readonly Value[]; more: number}> {
  return {
    kind: 'object',
    op: 'collect',
    layout: `collect(${limit})`,
    resultType: '{values: unknown[]; more: number}',
    problems: isWithin(limit, 1, MAX_LIMIT)
      ? []
      : [`limit must be a whole number from 1 to ${MAX_LIMIT}, not ${limit}`],
    init: () => ({items: [], total: 0, bytes: 0, cutMs: null}),
    add: (state, event, timeMs) => {
      const value = of(event);
      if (value === null || value === undefined) return state;
      const item = {timeMs, text: jsonText(value, 'collect')};
      state.total += 1;
      insert(state, item);
      cut(state, limit);
      return state;
    },
    merge: (into, other) => {
      const cutMs = least(into.cutMs, other.cutMs);
      into.total += other.total;
      for (const item of other.items) insert(into, item);
      if (cutMs !== null) cutBehind(into, cutMs);
      cut(into, limit);
      return into;
    },
    result: ({items, total}) => ({
      values: items.map(({text}) => JSON.parse(text) as Value),
      more: total - items.length,
    }),
    copy: (state) => ({...state, items: state.items.slice()}),
    encode: ({items, total, cutMs}) =>
      utf8(
        `[${total},${cutMs},[${items.map(({timeMs, text}) => `[${timeMs},${text}]`).join(',')}]]`,
      ),
    decode,
  };
}

/** Behind all of its time or earlier, unless it is behind the cut. */
function insert(state: CollectState, item: Item): void {
  const {items, cutMs} = state;
  if (cutMs !== null && item.timeMs >= cutMs) return;
  let at = items.length;
  while (at > 0 && items[at - 1]!.timeMs > item.timeMs) at -= 1;
  items.splice(at, 0, item);
  state.bytes += utf8Bytes(item.text);
}

/** Lets go of the last items while there are too many. */
function cut(state: CollectState, limit: number): void {
  while (state.items.length > limit || state.bytes > MAX_STATE_BYTES) {
    const {timeMs, text} = state.items.pop()!;
    state.bytes -= utf8Bytes(text);
    state.cutMs = timeMs;
  }
}

/** Lets go of the items later than `cutMs`: those of that time were before what was cut. */
function cutBehind(state: CollectState, cutMs: number): void {
  while (state.items.length > 0 && state.items.at(-1)!.timeMs > cutMs)
    state.bytes -= utf8Bytes(state.items.pop()!.text);
  state.cutMs = cutMs;
}

function least(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

function decode(bytes: Uint8Array): CollectState {
  const [total, cutMs, pairs] = JSON.parse(fromUtf8(bytes)) as readonly [
    number,
    number | null,
    readonly (readonly [number, Json])[],
  ];
  const items = pairs.map(([timeMs, value]) => ({timeMs, text: JSON.stringify(value)}));
  return {items, total, bytes: items.reduce((sum, {text}) => sum + utf8Bytes(text), 0), cutMs};
}
