/**
 * Sessions of one view in one partition: activity per key with no pause longer than the gap, as in Kafka Streams.
 *
 *   session   from its first event to its last, both inclusive; events a gap apart or less are of one session
 *   late      an event whose session, with all that it joins, would be closed
 *   closed    `time > end + gap + grace`; it is final from then on, also before it is emitted: an event near it that is
 *             not late begins a session of its own. (Kafka Streams reopens it while it is still in its store.)
 *
 * Invariant: the store has the sessions that are not taken, by key and start (see `freePlace`), and is committed with their
 * rows; the mark says what is closed for good. A crash loses both together, and the events since come again.
 */
import * as z from 'zod';
import type {Json} from '../../src/define/aggregate.ts';
import type {SessionView} from '../../src/define/view.ts';
import {ClosingEntries} from '../engine/closing-entries.ts';
import type {
  Operator,
  OperatorContext,
  Row,
  RowIdentity,
  RowRange,
  TimedEvent,
} from '../engine/operator.ts';
import {selectRows} from '../engine/select-rows.ts';
import type {StoreFactory} from '../engine/store-factory.ts';
import type {KeyedEntry, KeyedStore} from '../state/keyed-store.ts';
import {AggregateColumns, type States} from '../window/aggregate-columns.ts';
import {freePlace, sessionsNear} from './key-sessions.ts';
import {sessionCodec, type Session} from './session-codec.ts';

const Mark = z.object({closedBeforeMs: z.number().nullable()});

export class SessionOperator implements Operator {
  readonly stores: readonly [KeyedStore<Session>];
  readonly delayMs: number;
  readonly #view: SessionView;
  readonly #context: OperatorContext;
  readonly #columns: AggregateColumns;
  readonly #store: KeyedStore<Session>;
  readonly #closing = new ClosingEntries((key, at) => this.#store.get(key, at)?.endMs);
  /** Sessions in the commit being made, by identity. */
  #taken = new Set<string>();

  constructor(view: SessionView, stores: StoreFactory, context: OperatorContext) {
    this.delayMs = view.gapMs + view.graceMs;
    this.#view = view;
    this.#context = context;
    this.#columns = new AggregateColumns(view.aggregates);
    this.#store = stores.keyed(view.name, view.storage, sessionCodec(this.#columns));
    this.stores = [this.#store];
  }

  take({key, timeMs, event}: TimedEvent): void {
    const entries = this.#store.of(key);
    const {gapMs} = this.#view;
    const closedBeforeMs = this.#closing.beforeMs;
    const near = sessionsNear(entries, timeMs, {gapMs, closedBeforeMs});
    if (near.length === 0 && timeMs < closedBeforeMs) {
      this.#context.late('late');
      return;
    }
    const states = this.#join(near);
    try {
      this.#columns.add(states, 0, event, timeMs);
    } catch (error) {
      this.#context.failed(error);
      return;
    }
    const startMs = Math.min(timeMs, near[0]?.value.startMs ?? timeMs);
    const endMs = Math.max(timeMs, near.at(-1)?.value.endMs ?? timeMs);
    this.#replace(key, near, {startMs, endMs, states});
  }

  advance(timeMs: number): void {
    const {gapMs, graceMs} = this.#view;
    this.#closing.closeBefore(timeMs - gapMs - graceMs);
  }

  dueCount(): number {
    return this.#closing.count;
  }

  takeDue(limit: number): readonly Row[] {
    return this.#closing.take(limit).map(({key, at}) => {
      const session = this.#store.get(key, at)!;
      this.#store.delete(key, at);
      this.#taken.add(nameOf(key, session));
      return this.#row(key, session, true);
    });
  }

  *changedRows(): Generator<Row> {
    for (const {key, value} of this.#store.changed()) {
      if (value !== undefined) yield this.#row(key, value, false);
    }
  }

  *withdrawnRows(): Generator<RowIdentity> {
    for (const {key, committed, value} of this.#store.changed()) {
      if (committed === undefined || this.#taken.has(nameOf(key, committed))) continue;
      const {startMs, endMs} = committed;
      if (value?.startMs !== startMs || value.endMs !== endMs) yield identityOf(key, committed);
    }
  }

  markCommitted(): void {
    this.#taken = new Set();
  }

  openRows(range: RowRange): readonly Row[] {
    const {key} = range;
    const sessions =
      key === undefined
        ? this.#store.committed()
        : this.#store.committedOf(key).map(({at, value}) => ({key, at, value}));
    return selectRows(candidates(sessions), range).map((found) =>
      this.#row(found.key, found.session, false),
    );
  }

  openCount(): number {
    return this.#store.size;
  }

  rowAt(key: string, timeMs: number): Row | undefined {
    const at = {gapMs: 0, closedBeforeMs: this.#closing.beforeMs};
    const [entry] = sessionsNear(this.#store.of(key), timeMs, at);
    return entry && this.#row(key, entry.value, false);
  }

  mark(): Json {
    return {closedBeforeMs: this.#closing.mark()};
  }

  restored(mark: Json | undefined, timeMs: number | null): void {
    if (mark !== undefined) this.#closing.closeBefore(Mark.parse(mark).closedBeforeMs);
    for (const {key, at, value} of this.#store.entries()) this.#closing.add(key, at, value.endMs);
    if (timeMs !== null) this.advance(timeMs);
  }

  /** The states of all, in a copy. */
  #join([first, ...others]: readonly KeyedEntry<Session>[]): States {
    if (first === undefined) return this.#columns.create();
    const states = this.#columns.copy(first.value.states);
    for (const {value} of others) this.#columns.merge(states, 0, value.states, 0);
    return states;
  }

  #replace(key: string, joined: readonly KeyedEntry<Session>[], session: Session): void {
    const [first, ...others] = joined;
    if (first?.value.startMs === session.startMs) {
      for (const {at} of others) this.#store.delete(key, at);
      this.#store.put(key, first.at, session);
      return;
    }
    for (const {at} of joined) this.#store.delete(key, at);
    const at = freePlace(this.#store.of(key), session.startMs);
    this.#store.put(key, at, session);
    this.#closing.add(key, at, session.endMs);
  }

  #row(key: string, session: Session, isFinal: boolean): Row {
    const values = this.#columns.values(session.states, 0);
    return {...identityOf(key, session), isFinal, values};
  }
}

function* candidates(sessions: Iterable<{readonly key: string} & KeyedEntry<Session>>) {
  for (const {key, value} of sessions) yield {...identityOf(key, value), session: value};
}

function identityOf(key: string, {startMs, endMs}: Session) {
  return {key, start: startMs, end: endMs, id: ''};
}

function nameOf(key: string, {startMs, endMs}: Session): string {
  return `${startMs} ${endMs} ${key}`;
}
