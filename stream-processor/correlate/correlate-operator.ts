/**
 * Patterns of events of one key within a time; `sequence-pattern.ts` and `set-pattern.ts` say what matches.
 *
 *   late     an event that comes when time is past `t + graceMs` is late and not taken, if it fits a step at all
 *   settled  once time is past `t + graceMs`, no earlier event can come: the events of `t` are shown to the open matches.
 *            So events are looked at in the order of time, whatever order they came in. Of the same time those of one
 *            topic keep its order; those of several topics go by their ids, which is arbitrary but always the same
 *   match    each event that can begin a match begins one; an event can be in any number of matches that others began. A
 *            match ends with its last event, or, where a negated step has to be waited for, `withinMs` after its first
 *   row      `start`: the first event's time, `end`: the match's; `id`: the events' ids in the order of the steps, with `~`
 *            between. It is dated `end` and emitted when time is past `end + graceMs`
 *
 * Invariant: the store has the events that are not settled and those that an open match has taken, by key and time; a mark
 * says of which the own match is decided. All open matches follow from them (`key-matches.ts`), so matches in memory are a
 * cache. Store, mark and rows are committed together.
 */
import type {Json} from '../../src/define/aggregate.ts';
import type {CorrelateView} from '../../src/define/view.ts';
import {ForebayError} from '../../src/lib/errors.ts';
import {DueQueue, type Due} from '../engine/due-queue.ts';
import {EmittingOperator} from '../engine/emitting-operator.ts';
import type {OperatorContext, RowValues, TimedEvent} from '../engine/operator.ts';
import {RecentKeys} from '../engine/recent-keys.ts';
import {rowValues} from '../engine/row-values.ts';
import type {StoreFactory} from '../engine/store-factory.ts';
import {jsonOf} from '../event/held-event.ts';
import type {StateStore} from '../state/state-store.ts';
import {KeyEvents} from './key-events.ts';
import {KeyMatches, type Settled} from './key-matches.ts';
import {markOf, type OpenMatch, type Pattern} from './pattern.ts';
import {SequencePattern} from './sequence-pattern.ts';
import {SetPattern} from './set-pattern.ts';

/** Events of one key that are not settled or in an open match, and so also its open matches. More of them are refused. */
export const MAX_EVENTS_PER_KEY = 10_000;
/** Keys whose open matches are in memory; those of others are worked out again from their events. */
const MAX_CACHED_KEYS = 20_000;

const SETTLE = 0;
const END = 1;

export class CorrelateOperator extends EmittingOperator {
  readonly stores: readonly StateStore[];
  readonly delayMs: number;
  readonly #view: CorrelateView;
  readonly #context: OperatorContext;
  readonly #pattern: Pattern;
  readonly #events: KeyEvents;
  readonly #cache = new RecentKeys<KeyMatches>(MAX_CACHED_KEYS);
  readonly #queue = new DueQueue();
  #timeMs = Number.NEGATIVE_INFINITY;
  /** An event that is late for several steps is reported once. */
  #lateId: string | undefined;

  constructor(view: CorrelateView, stores: StoreFactory, context: OperatorContext) {
    super();
    const {order, steps, graceMs} = view;
    this.#view = view;
    this.#context = context;
    this.#pattern = order === 'any' ? new SetPattern(steps) : new SequencePattern(steps);
    this.#events = new KeyEvents(view, stores);
    this.stores = [this.#events.store];
    this.delayMs = graceMs;
  }

  take({key, timeMs, id, event}: TimedEvent, place: number): void {
    try {
      const {where} = this.#view.steps[place]!;
      if (where !== undefined && !where(event)) return;
      this.#hold({key, timeMs, id, event}, markOf(place));
    } catch (error) {
      this.#context.failed(error);
    }
  }

  #hold({key, timeMs, id, event}: TimedEvent, marks: number): void {
    const json = jsonOf(event);
    const dueMs = timeMs + this.#view.graceMs;
    if (dueMs < this.#timeMs) {
      if (this.#lateId !== id) this.#context.late('late');
      this.#lateId = id;
    } else if (this.#events.has(key, timeMs, id)) {
      this.#events.mark(key, timeMs, {id, marks});
    } else if (this.#events.countOf(key) >= MAX_EVENTS_PER_KEY) {
      throw keyFull(this.#view.name, key);
    } else if (this.#events.add(key, timeMs, {id, json, marks})) {
      this.#queue.push({dueMs, rank: SETTLE, key, at: timeMs});
    }
  }

  advance(timeMs: number): void {
    this.#timeMs = timeMs;
    for (;;) {
      const due = this.#queue.takeBefore(timeMs);
      if (due === undefined) return;
      if (due.rank === SETTLE) this.#settle(due);
      else this.#end(due);
    }
  }

  /** Before which time events are settled. The grace may be another one after a restart. */
  override mark(): Json {
    return this.#timeMs === Number.NEGATIVE_INFINITY ? null : this.#timeMs - this.#view.graceMs;
  }

  restored(mark: Json | undefined, timeMs: number | null): void {
    this.#timeMs = timeMs ?? Number.NEGATIVE_INFINITY;
    const settledMs = typeof mark === 'number' ? mark : Number.NEGATIVE_INFINITY;
    for (const {key, at, hasOwnMatch} of this.#events.restored()) {
      if (at >= settledMs) {
        this.#queue.push({dueMs: at + this.#view.graceMs, rank: SETTLE, key, at});
      } else if (hasOwnMatch) this.#queue.push(this.#endOf(key, at));
    }
  }

  #settle({key, at}: Due): void {
    const matches = this.#matchesOf(key, (each) => each < at);
    const settled = matches.settle(at, this.#events.inOrder(key, at));
    if (settled.hasBegun) this.#queue.push(this.#endOf(key, at));
    this.#apply(key, matches, settled);
    for (const match of settled.complete) this.#emit(key, match, at);
  }

  #end({key, at}: Due): void {
    if (!this.#events.hasOwnMatch(key, at)) return;
    const endMs = at + this.#view.withinMs;
    const matches = this.#matchesOf(key, (each) => each <= endMs);
    const settled = matches.end(at);
    this.#apply(key, matches, settled);
    for (const match of settled.complete) this.#emit(key, match, endMs);
  }

  #apply(key: string, matches: KeyMatches, {kept}: Settled): void {
    for (const {at, events} of kept) this.#events.keep(key, at, events);
    if (matches.isEmpty) this.#cache.delete(key);
    else this.#cache.set(key, matches);
  }

  /** `isSettled` says of which times the events were shown to the matches before. */
  #matchesOf(key: string, isSettled: (at: number) => boolean): KeyMatches {
    const cached = this.#cache.get(key);
    if (cached !== undefined) return cached;
    const matches = new KeyMatches(this.#pattern);
    for (const at of this.#events.timesOf(key)) {
      if (!isSettled(at)) break;
      matches.settle(at, this.#events.inOrder(key, at));
    }
    return matches;
  }

  #endOf(key: string, at: number): Due {
    const {withinMs, graceMs} = this.#view;
    return {dueMs: at + withinMs + graceMs, rank: END, key, at};
  }

  #emit(key: string, match: OpenMatch, endMs: number): void {
    let values: RowValues;
    try {
      values = this.#valuesOf(match);
    } catch (error) {
      this.#context.failed(error);
      return;
    }
    const id = match.taken.flatMap((event) => event?.id ?? []).join('~');
    this.#context.emit({key, start: match.first.at, end: endMs, id, isFinal: true, values}, endMs);
  }

  #valuesOf({taken}: OpenMatch): RowValues {
    const {steps, select} = this.#view;
    const matched: Record<string, unknown> = {};
    taken.forEach((event, place) => {
      if (event !== undefined) matched[steps[place]!.name] = JSON.parse(event.json);
    });
    return rowValues(select(matched));
  }
}

function keyFull(view: string, key: string): ForebayError {
  return new ForebayError({
    code: 'CORRELATE_KEY_FULL',
    message: `view "${view}" holds ${MAX_EVENTS_PER_KEY} events of the key "${key}" and takes no more until some are over`,
    hint: 'narrow the where of its steps, shorten withinMs or graceMs, or use a key that is more selective',
  });
}
