import type {Json} from '../../../src/define/aggregate.ts';
import type {
  Operator,
  OperatorContext,
  Row,
  TimedEvent,
} from '../../../stream-processor/engine/operator.ts';
import type {StoreFactory} from '../../../stream-processor/engine/store-factory.ts';
import {MemoryKeyedStore} from '../../../stream-processor/state/memory-keyed-store.ts';

export const memoryStores: StoreFactory = {
  keyed: (name, _storage, codec) => new MemoryKeyedStore({name, codec}),
  panes: () => {
    throw new Error('no panes here');
  },
};

/** An event with the sides of the view that it comes to. */
export interface SidedEvent extends TimedEvent {
  readonly sides: readonly number[];
}

interface EmittedRow extends Row {
  readonly timeMs: number;
  /** Index of the event that made it. */
  readonly after: number;
}

type MakeOperator = (stores: StoreFactory, context: OperatorContext) => Operator;

/**
 * One operator through crashes and restarts: what is committed goes into a changelog, and a new operator is made of it. Its
 * time is the largest event time.
 */
export class OperatorLife {
  readonly rows: EmittedRow[] = [];
  readonly late: string[] = [];
  readonly failed: unknown[] = [];
  operator: Operator;
  timeMs: number | null = null;
  readonly #make: MakeOperator;
  readonly #changelog = new Map<
    string,
    Map<string, {at: number; key: string; value: Uint8Array}>
  >();
  #committed: {rows: number; late: number; timeMs: number | null; mark: Json | undefined} = {
    rows: 0,
    late: 0,
    timeMs: null,
    mark: undefined,
  };
  #timeBefore = Number.NEGATIVE_INFINITY;
  #eventId = '';
  #index = -1;

  constructor(make: MakeOperator) {
    this.#make = make;
    this.operator = this.#create();
  }

  /** What the changelog has, and so a restart brings back. */
  get entryCount(): number {
    return [...this.#changelog.values()].reduce((count, {size}) => count + size, 0);
  }

  take(event: SidedEvent, index: number): void {
    this.#index = index;
    this.#eventId = event.id;
    this.advance(Math.max(this.timeMs ?? event.timeMs, event.timeMs));
    for (const side of event.sides) this.operator.take(event, side);
  }

  advance(timeMs: number): void {
    this.#timeBefore = this.timeMs ?? Number.NEGATIVE_INFINITY;
    this.timeMs = timeMs;
    this.operator.advance(timeMs);
    this.#timeBefore = timeMs;
  }

  commit(): void {
    const {operator} = this;
    this.#committed = {
      rows: this.rows.length,
      late: this.late.length,
      timeMs: this.timeMs,
      mark: operator.mark(),
    };
    for (const store of operator.stores) {
      const entries = this.#entriesOf(store.name);
      for (const {at, key, value} of store.changes()) {
        if (value === null) entries.delete(`${at} ${key}`);
        else entries.set(`${at} ${key}`, {at, key, value: new Uint8Array(value)});
      }
      store.markCommitted();
    }
    operator.markCommitted();
  }

  /** All that is not committed is gone. */
  crash(): void {
    const {rows, late, timeMs, mark} = this.#committed;
    this.rows.length = rows;
    this.late.length = late;
    this.timeMs = timeMs;
    this.operator = this.#create();
    for (const store of this.operator.stores) {
      for (const change of this.#entriesOf(store.name).values()) store.restore(change);
    }
    this.operator.restored(mark, timeMs);
  }

  #create(): Operator {
    return this.#make(memoryStores, {
      late: () => this.late.push(this.#eventId),
      failed: (error) => this.failed.push(error),
      emit: (row, timeMs) => {
        if (timeMs < this.#timeBefore - this.operator.delayMs)
          throw new Error(`a row is dated ${timeMs}, too far behind ${this.#timeBefore}`);
        this.rows.push({...row, timeMs, after: this.#index});
      },
    });
  }

  #entriesOf(store: string) {
    const entries = this.#changelog.get(store) ?? new Map();
    this.#changelog.set(store, entries);
    return entries;
  }
}

export type Step = 'none' | 'commit' | 'crash';

/** After a crash, events from the last commit on come again. `steps[i]` follows event `i` the first time. */
export function live(
  life: OperatorLife,
  events: readonly SidedEvent[],
  steps: readonly Step[],
): void {
  const left = [...steps];
  let committed = 0;
  for (let index = 0; index < events.length; index++) {
    life.take(events[index]!, index);
    const step = left[index] ?? 'none';
    left[index] = step === 'crash' ? 'none' : step;
    if (step === 'commit') {
      life.commit();
      committed = index + 1;
    } else if (step === 'crash') {
      life.crash();
      index = committed - 1;
    }
  }
}
