import {fromUtf8, utf8} from '../../lib/bytes.ts';
import type {Json, ObjectAggregate} from '../aggregate.ts';
import {jsonText} from './json-text.ts';

/** The one event that counts: its time and its value as JSON. */
interface Edge {
  readonly timeMs: number;
  readonly text: string;
}

/** `null`: there was no event yet. */
export type EdgeState = Edge | null;

interface EdgeOptions<Event, Value> {
  readonly op: 'first' | 'last';
  readonly of: (event: Event) => Value | null | undefined;
  /** Whether an event at `timeMs` takes the place of the edge so far; it arrived after it. */
  readonly replaces: (timeMs: number, edge: Edge) => boolean;
}

/** What `first` and `last` share. States are never changed in place. */
export function edgeByTime<Event, Value extends Json>({
  op,
  of,
  replaces,
}: EdgeOptions<Event, Value>): ObjectAggregate<Event, EdgeState, Value | null> {
  return {
    kind: 'object',
    op,
    layout: op,
    resultType: 'unknown',
    init: () => null,
    add: (state, event, timeMs) => {
      if (state !== null && !replaces(timeMs, state)) return state;
      const value = of(event);
      return value === null || value === undefined ? state : {timeMs, text: jsonText(value, op)};
    },
    merge: (into, other) => {
      if (into === null || other === null) return into ?? other;
      return replaces(other.timeMs, into) ? other : into;
    },
    result: (state) => (state === null ? null : (JSON.parse(state.text) as Value)),
    copy: (state) => state,
    encode: (state) => utf8(state === null ? 'null' : `[${state.timeMs},${state.text}]`),
    decode: (bytes) => {
      const decoded = JSON.parse(fromUtf8(bytes)) as readonly [number, Json] | null;
      return decoded === null ? null : {timeMs: decoded[0], text: JSON.stringify(decoded[1])};
    },
  };
}
