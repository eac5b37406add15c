import {fromUtf8, utf8} from '../../lib/bytes.ts';
import {ForebayError} from '../../lib/errors.ts';
import type {ObjectAggregate} from '../aggregate.ts';
import {isWithin} from '../problem-if.ts';
import {addValue, mergeSummary, type Counted, type SpaceSaving} from './space-saving.ts';

const MAX_K = 100;
/** Values counted per value asked for, and at least. */
const CAPACITY_PER_K = 10;
const MIN_CAPACITY = 100;
/** UTF-16 code units. */
const MAX_VALUE_LENGTH = 128;
const VERSION = 1;

/** A type and no interface, as which it would not count as JSON. */
export type TopValue<Value extends Counted = Counted> = {
  readonly value: Value;
  /** Never below how often it came, and above it by `error` at most. */
  readonly count: number;
  readonly error: number;
};

/**
 * The `k` (1 to 100) most frequent values, the most frequent first; of equal counts in the order of their JSON. Exact, and every
 * `error` 0, up to 200 distinct values (20 k from k = 10 on). Above that no error is over 1 / 101 of the events (1 / (10 k + 1)),
 * and every value that came more often than that is counted. `null` and `undefined` are left out; a text over 128
 * characters fails the event (`VALUE_TOO_LONG`). A state is the values and some 25 bytes for each of up to 20 k.
 */
export function topK<Event, Value extends Counted>(
  of: (event: Event) => Value | null | undefined,
  k: number,
): ObjectAggregate<Event, SpaceSaving, readonly TopValue<Value>[]> {
  const capacity = Math.max(MIN_CAPACITY, k * CAPACITY_PER_K);
  return {
    kind: 'object',
    op: 'topK',
    layout: `topK(v${VERSION}, ${capacity})`,
    resultType: '{value: string | number | boolean; count: number; error: number}[]',
    problems: isWithin(k, 1, MAX_K)
      ? []
      : [`k must be a whole number from 1 to ${MAX_K}, not ${k}`],
    init: () => ({capacity, counters: new Map(), missed: 0}),
    add: (state, event) => {
      const value = of(event);
      if (value === null || value === undefined) return state;
      checkLength(value);
      addValue(state, value);
      return state;
    },
    merge: (into, other) => {
      mergeSummary(into, other);
      return into;
    },
    result: ({counters}) =>
      [...counters]
        .map(([value, counter]) => ({value: value as Value, ...counter}))
        .sort((a, b) => b.count - a.count || (jsonOf(a) < jsonOf(b) ? -1 : 1))
        .slice(0, k),
    copy: (state) => ({...state, counters: new Map(state.counters)}),
    encode,
    decode,
  };
}

function checkLength(value: Counted): void {
  if (typeof value !== 'string' || value.length <= MAX_VALUE_LENGTH) return;
  throw new ForebayError({
    code: 'VALUE_TOO_LONG',
    message: `topK: a text of ${value.length} characters is above ${MAX_VALUE_LENGTH}`,
    hint: 'count something shorter, or a hash of it',
  });
}

function jsonOf({value}: TopValue): string {
  return JSON.stringify(value);
}

/** A state as JSON: version, capacity, missed, and value, count, error of each counter. */
type Encoded = readonly [
  version: number,
  capacity: number,
  missed: number,
  counters: readonly (readonly [Counted, number, number])[],
];

function encode({capacity, counters, missed}: SpaceSaving): Uint8Array {
  const encoded: Encoded = [
    VERSION,
    capacity,
    missed,
    [...counters].map(([value, {count, error}]) => [value, count, error] as const),
  ];
  return utf8(JSON.stringify(encoded));
}

function decode(bytes: Uint8Array): SpaceSaving {
  const [version, capacity, missed, counters] = JSON.parse(fromUtf8(bytes)) as Encoded;
  if (version !== VERSION) {
    throw new ForebayError({
      code: 'STATE_UNREADABLE',
      message: `topK: a state of version ${version} cannot be read`,
      hint: 'it was written by another version of Forebay; rebuild the view from its stream',
    });
  }
  return {
    capacity,
    missed,
    counters: new Map(counters.map(([value, count, error]) => [value, {count, error}])),
  };
}
