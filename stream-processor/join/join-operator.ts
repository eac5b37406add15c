/**
 * Pairs of a left and a right event of one key with `left - beforeMs <= right <= left + afterMs`, both ends inclusive, for
 * which `where` holds. Kafka Streams' join, but for what comes too late, which it leaves undefined:
 *
 *   open     an event is open from its arrival until time is past the end of its window and the grace: a left one until
 *            `t + afterMs + graceMs`, a right one until `t + beforeMs + graceMs`, both inclusive
 *   late     an event that comes after that is late: it is not taken and has no pairs
 *   pair     two events pair while both are open; so the later one to arrive emits the pair
 *   alone    a left event (outer: a right one, too) that never paired is emitted when it ceases to be open
 *
 * So a row without a partner is never followed by one with it, and events out of order by no more than the grace give the
 * same rows in whatever order they come. An event may be in any number of pairs. A pair is dated with the larger time,
 * a lone event with its own.
 *
 * Invariant: the stores have the open events and no others, by key and time, in the order of arrival; a mark says that one
 * has paired, where that matters. They are committed with the rows. The queue of what will cease to be open is built from
 * them.
 */
import type {JoinView} from '../../src/define/view.ts';
import type {Json} from '../../src/define/aggregate.ts';
import {DueQueue, type Due} from '../engine/due-queue.ts';
import {EmittingOperator} from '../engine/emitting-operator.ts';
import type {OperatorContext, Row, RowValues, TimedEvent} from '../engine/operator.ts';
import {rowValues} from '../engine/row-values.ts';
import type {StoreFactory} from '../engine/store-factory.ts';
import {jsonOf, type HeldEvent} from '../event/held-event.ts';
import type {StateStore} from '../state/state-store.ts';
import {JoinSide, LEFT, RIGHT} from './join-side.ts';

/** An event that pairs, with what a function of the definition sees of it. */
interface Partner {
  readonly id: string;
  readonly timeMs: number;
  readonly event: unknown;
}

interface Pairs {
  readonly rows: readonly Row[];
  /** The partners' ids, by the times they are kept at. */
  readonly partners: ReadonlyMap<number, ReadonlySet<string>>;
}

const NO_PAIRS: Pairs = {rows: [], partners: new Map()};

export class JoinOperator extends EmittingOperator {
  readonly stores: readonly StateStore[];
  readonly delayMs: number;
  readonly #view: JoinView;
  readonly #context: OperatorContext;
  readonly #sides: readonly [JoinSide, JoinSide];
  readonly #queue = new DueQueue();
  #timeMs = Number.NEGATIVE_INFINITY;
  /** An event that is late for both sides is reported once. */
  #lateId: string | undefined;

  constructor(view: JoinView, stores: StoreFactory, context: OperatorContext) {
    super();
    this.#view = view;
    this.#context = context;
    const left = new JoinSide(LEFT, view, stores);
    const right = new JoinSide(RIGHT, view, stores);
    this.#sides = [left, right];
    this.stores = [left.store, right.store];
    // Both of a pair are open, so its larger time is not further back than the shorter of the two.
    this.delayMs = Math.max(
      Math.min(left.openMs, right.openMs),
      ...this.#sides.filter(({goesAlone}) => goesAlone).map(({openMs}) => openMs),
    );
  }

  take(event: TimedEvent, place: number): void {
    const side = this.#sides[place]!;
    const {key, timeMs, id} = event;
    if (timeMs + side.openMs < this.#timeMs) {
      if (this.#lateId !== id) this.#context.late('late');
      this.#lateId = id;
      return;
    }
    let pairs: Pairs;
    let held: readonly HeldEvent[];
    try {
      const json = jsonOf(event.event);
      pairs = this.#pairsOf(event, json, side);
      held = side.with(key, timeMs, {id, json, hasPaired: pairs.rows.length > 0});
    } catch (error) {
      this.#context.failed(error);
      return;
    }
    const other = this.#otherOf(side);
    if (other.goesAlone) {
      for (const [at, partners] of pairs.partners) other.markPaired(key, at, partners);
    }
    side.store.put(key, timeMs, held);
    if (held.length === 1) this.#queue.push(side.dueOf(key, timeMs));
    for (const row of pairs.rows) this.#context.emit(row, row.end!);
  }

  advance(timeMs: number): void {
    this.#timeMs = timeMs;
    for (;;) {
      const due = this.#queue.takeBefore(timeMs);
      if (due === undefined) return;
      this.#close(due);
    }
  }

  restored(_mark: Json | undefined, timeMs: number | null): void {
    this.#timeMs = timeMs ?? Number.NEGATIVE_INFINITY;
    for (const side of this.#sides) {
      for (const {key, at} of side.store.entries()) this.#queue.push(side.dueOf(key, at));
    }
  }

  /** Changes nothing: a function of the definition may throw on the way. */
  #pairsOf({key, timeMs, id}: TimedEvent, json: string, side: JoinSide): Pairs {
    const candidates = this.#otherOf(side).between(
      key,
      timeMs - side.beforeMs,
      timeMs + side.afterMs,
    );
    if (candidates.length === 0) return NO_PAIRS;
    const own: Partner = {id, timeMs, event: JSON.parse(json)};
    const rows: Row[] = [];
    const partners = new Map<number, Set<string>>();
    for (const {at, value} of candidates) {
      const paired = new Set<string>();
      for (const held of value) {
        const partner: Partner = {id: held.id, timeMs: at, event: JSON.parse(held.json)};
        const row =
          side.place === LEFT ? this.#pair(key, own, partner) : this.#pair(key, partner, own);
        if (row === undefined) continue;
        rows.push(row);
        paired.add(held.id);
      }
      if (paired.size > 0) partners.set(at, paired);
    }
    return {rows, partners};
  }

  #pair(key: string, left: Partner, right: Partner): Row | undefined {
    const {where, select} = this.#view;
    if (where !== undefined && !where(left.event, right.event)) return undefined;
    return {
      key,
      start: Math.min(left.timeMs, right.timeMs),
      end: Math.max(left.timeMs, right.timeMs),
      id: `${left.id}~${right.id}`,
      isFinal: true,
      values: rowValues(select(left.event, right.event)),
    };
  }

  #close({rank, key, at}: Due): void {
    const side = this.#sides[rank]!;
    const alone = side.remove(key, at);
    if (!side.goesAlone) return;
    for (const {id, json} of alone) {
      let values: RowValues;
      try {
        values = this.#valuesAlone(JSON.parse(json), side);
      } catch (error) {
        this.#context.failed(error);
        continue;
      }
      const rowId = side.place === LEFT ? `${id}~` : `~${id}`;
      this.#context.emit({key, start: at, end: at, id: rowId, isFinal: true, values}, at);
    }
  }

  #valuesAlone(event: unknown, {place}: JoinSide): RowValues {
    const {select} = this.#view;
    return rowValues(place === LEFT ? select(event, undefined) : select(undefined, event));
  }

  #otherOf({place}: JoinSide): JoinSide {
    return this.#sides[place === LEFT ? RIGHT : LEFT];
  }
}
