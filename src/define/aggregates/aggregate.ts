import {fromUtf8, utf8} from '../../lib/bytes.ts';
import {isLongerThan} from '../../lib/utf8-bytes.ts';
import type {Json, ObjectAggregate} from '../aggregate.ts';
import {isWithin} from '../problem-if.ts';
import {jsonText, MAX_STATE_BYTES} from './json-text.ts';

export interface AggregateFunctions<Event, State, Result extends Json> {
  /** The state before the first event: the neutral element of `merge`. */
  readonly init: () => State;
  /** The state with an event; may be `state` itself, changed. `timeMs` is the event time. */
  readonly add: (state: State, event: Event, timeMs: number) => State;
  /**
   * Two states as one, the same however events were split between them. May be the first, changed. Must not throw, as
   * `result` must not: windows are merged and read where no single event could be blamed.
   */
  readonly merge: (into: State, other: State) => State;
  readonly result: (state: State) => Result;
  /** Raise it when states take another form: the processor then ends with VIEW_CHANGED and does not read the old ones. */
  readonly version?: number;
}

/**
 * An aggregate of your own. Its state is any JSON value up to 128 KiB and is kept as JSON text, so whatever the functions do
 * to what they are given, a state is only ever replaced by what they return; if `add` throws, or the state would be larger
 * (`STATE_TOO_LARGE`), the event is left out. What two states would become beyond that stays the first of them, so let `add`
 * and `merge` keep states small. `NaN` and the infinities become `null`.
 */
export function aggregate<Event, State, Result extends Json>(
  functions: AggregateFunctions<Event, State, Result>,
): ObjectAggregate<Event, string, Result> {
  const {init, add, merge, result, version = 1} = functions;
  const read = (text: string) => JSON.parse(text) as State;
  const textOf = (state: State) => jsonText(state as Json, 'aggregate');
  return {
    kind: 'object',
    op: 'aggregate',
    layout: `aggregate(v${version})`,
    resultType: 'unknown',
    problems: isWithin(version, 1, Number.MAX_SAFE_INTEGER)
      ? []
      : [`version must be a whole number above 0, not ${version}`],
    init: () => textOf(init()),
    add: (text, event, timeMs) => textOf(add(read(text), event, timeMs)),
    merge: (into, other) => {
      const merged = JSON.stringify(merge(read(into), read(other)));
      return isLongerThan(merged, MAX_STATE_BYTES) ? into : merged;
    },
    result: (text) => result(read(text)),
    copy: (text) => text,
    encode: utf8,
    decode: fromUtf8,
  };
}
