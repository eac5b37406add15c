import type {Json, ObjectAggregate} from '../aggregate.ts';
import {edgeByTime, type EdgeState} from './edge-by-time.ts';

/**
 * The value of the earliest event by event time; of several at one time, of the one that arrived first. `null` and
 * `undefined` are left out; `null` when there is no value. Any JSON value up to 128 KiB; a larger one fails the event
 * (`STATE_TOO_LARGE`). A state is the value and 20 bytes.
 */
export function first<Event, Value extends Json>(
  of: (event: Event) => Value | null | undefined,
): ObjectAggregate<Event, EdgeState, Value | null> {
  return edgeByTime({op: 'first', of, replaces: (timeMs, edge) => timeMs < edge.timeMs});
}
