import type {JoinView} from '../../src/define/view.ts';
import type {Due} from '../engine/due-queue.ts';
import type {StoreFactory} from '../engine/store-factory.ts';
import {heldEventsCodec, withEvent, type HeldEvent} from '../event/held-event.ts';
import {entryIndex} from '../state/entry-index.ts';
import type {KeyedEntry, KeyedStore} from '../state/keyed-store.ts';

export const LEFT = 0;
export const RIGHT = 1;

const NOT_PAIRED = 0;
const PAIRED = 1;

/** The open events of one side of a join. */
export class JoinSide {
  readonly place: typeof LEFT | typeof RIGHT;
  readonly store: KeyedStore<readonly HeldEvent[]>;
  /** How far before an event of this side a partner may lie, and how far after. */
  readonly beforeMs: number;
  readonly afterMs: number;
  /** How long an event is open, in time after its own. */
  readonly openMs: number;
  /** Whether an event that never paired gives a row. */
  readonly goesAlone: boolean;

  constructor(place: typeof LEFT | typeof RIGHT, view: JoinView, stores: StoreFactory) {
    const isLeft = place === LEFT;
    this.place = place;
    this.store = stores.keyed(
      `${view.name}.${isLeft ? 'left' : 'right'}`,
      view.storage,
      heldEventsCodec,
    );
    this.beforeMs = isLeft ? view.beforeMs : view.afterMs;
    this.afterMs = isLeft ? view.afterMs : view.beforeMs;
    this.openMs = this.afterMs + view.graceMs;
    this.goesAlone = view.type === 'outer' || (view.type === 'left' && isLeft);
  }

  /** A key's events from `fromMs` to `toMs`, both inclusive. */
  between(key: string, fromMs: number, toMs: number): readonly KeyedEntry<readonly HeldEvent[]>[] {
    const entries = this.store.of(key);
    const first = entryIndex(entries, fromMs);
    return entries.slice(first, entryIndex(entries, toMs + 1));
  }

  /** A key's events of a time with one more. @throws ForebayError `EVENT_TOO_LARGE` */
  with(
    key: string,
    timeMs: number,
    {
      id,
      json,
      hasPaired,
    }: {readonly id: string; readonly json: string; readonly hasPaired: boolean},
  ): readonly HeldEvent[] {
    const marks = hasPaired && this.goesAlone ? PAIRED : NOT_PAIRED;
    return withEvent(this.store.get(key, timeMs) ?? [], {id, json, marks});
  }

  markPaired(key: string, at: number, partners: ReadonlySet<string>): void {
    const events = this.store.get(key, at)!;
    if (!events.some((held) => isToMark(held, partners))) return;
    this.store.put(
      key,
      at,
      events.map((held) => (isToMark(held, partners) ? {...held, marks: PAIRED} : held)),
    );
  }

  /** Returns those that never paired, if this side tells them apart. */
  remove(key: string, at: number): readonly HeldEvent[] {
    const events = this.store.get(key, at)!;
    this.store.delete(key, at);
    return events.filter(({marks}) => marks === NOT_PAIRED);
  }

  /** When the events of a time cease to be open. */
  dueOf(key: string, at: number): Due {
    return {dueMs: at + this.openMs, rank: this.place, key, at};
  }
}

function isToMark(held: HeldEvent, partners: ReadonlySet<string>): boolean {
  return held.marks === NOT_PAIRED && partners.has(held.id);
}
