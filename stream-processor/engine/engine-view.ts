import {isClosingView, type ViewDefinition} from '../../src/define/view.ts';
import {assert} from '../../src/lib/assert.ts';
import type {TableRows} from '../table/table-rows.ts';
import {SourceNode} from './input-node.ts';
import type {MemberTime} from './member-time.ts';
import type {LateReason, Operator, OperatorContext, Row, TimedEvent} from './operator.ts';
import {eventOfRow} from './event-of-row.ts';
import type {Member, Route, Source} from './route.ts';

/** Closed rows between two looks at what the next commit has already. */
const MAX_HANDED_ON_AT_ONCE = 100;

export interface EngineViewOptions {
  readonly view: ViewDefinition;
  readonly isPublished: boolean;
  readonly time: MemberTime;
  /** What became of an event other than being taken; `event` is the one of the moment. */
  readonly onLate: (event: TimedEvent, reason: LateReason, windows: number | undefined) => void;
  readonly onFailed: (error: unknown) => void;
  readonly onEmitted: () => void;
  /** A row for the views that read this one. */
  readonly forward: (view: EngineView, event: TimedEvent) => void;
}

/**
 * A view at work: its operator, its time, and the rows it emitted that no commit has taken yet. Those are nowhere else: a
 * crash loses them with the events they were made of, which come again.
 */
export class EngineView implements Member, Source {
  readonly view: ViewDefinition;
  readonly isPublished: boolean;
  readonly time: MemberTime;
  /** What the operator tells. */
  readonly context: OperatorContext;
  /** Set before anything else happens: operators that share panes are made together. */
  operator!: Operator;
  /** For the views that read this one's rows. */
  readonly node = new SourceNode();
  readonly routes: Route[] = [];
  /**
   * Tables of this view's rows: what its aggregates were after the last event that it took of the key; of windows, of the
   * newest one that this event went into. A row outlives its window.
   */
  readonly tables: TableRows[] = [];
  readonly #options: EngineViewOptions;
  #emitted: Row[] = [];
  #event: TimedEvent | undefined;

  constructor(options: EngineViewOptions) {
    this.#options = options;
    this.view = options.view;
    this.isPublished = options.isPublished;
    this.time = options.time;
    this.context = {
      late: (reason, windows) => {
        if (this.#event !== undefined) options.onLate(this.#event, reason, windows);
      },
      failed: options.onFailed,
      emit: (row, timeMs) => this.#emit(row, timeMs),
    };
  }

  get name(): string {
    return this.view.name;
  }

  get timeMs(): number | null {
    return this.time.timeMs;
  }

  get isEmpty(): boolean {
    return this.time.isEmpty;
  }

  get delayMs(): number {
    return this.operator.delayMs;
  }

  /** Closed rows wait to be handed on. */
  get isHeld(): boolean {
    return this.#handsOn && this.operator.dueCount() > 0;
  }

  take(event: TimedEvent, side: number): void {
    this.#event = event;
    try {
      this.operator.take(event, side);
    } finally {
      this.#event = undefined;
    }
    this.#updateTables(event);
  }

  refuse(event: TimedEvent, reason: LateReason): void {
    this.#options.onLate(event, reason, undefined);
  }

  advance(timeMs: number): void {
    this.operator.advance(timeMs);
  }

  /** Final rows that no commit has taken; never 0 when there are any. */
  dueCount(): number {
    return this.#emitted.length + this.operator.dueCount();
  }

  /** How many rows wait that the commit being made takes whatever its limit: their operator has forgotten them. */
  get emittedCount(): number {
    return this.#emitted.length;
  }

  /** Closed windows become events of the views that read their rows, as long as there is room for what joins make of them. */
  handOn(room: () => number): void {
    for (let left = room(); left > 0 && this.isHeld; left = room()) {
      for (const row of this.operator.takeDue(Math.min(MAX_HANDED_ON_AT_ONCE, left))) {
        this.#emitted.push(row);
        this.#options.forward(this, eventOfRow(this.view, row));
      }
    }
  }

  /** For the commit being made: all that was emitted or handed on, and up to `limit` closed windows. */
  takeFinal(limit: number): readonly Row[] {
    const emitted = this.#emitted;
    this.#emitted = [];
    // Of a view whose rows were handed on none are left, or no room: it only drops what it needs no more.
    const closed = this.operator.takeDue(limit);
    assert(closed.length === 0 || !this.#handsOn, 'rows are handed on before a commit takes them');
    return emitted.length === 0 ? closed : [...emitted, ...closed];
  }

  /** Rows of event views are handed on when they are emitted. */
  get #handsOn(): boolean {
    return this.routes.length > 0 && isClosingView(this.view);
  }

  #updateTables(event: TimedEvent): void {
    if (this.tables.length === 0) return;
    const row = this.operator.rowAt?.(event.key, event.timeMs);
    if (row === undefined) return;
    for (const table of this.tables) table.put(row.key, row.start ?? 0, row.values);
  }

  #emit(row: Row, timeMs: number): void {
    if (this.isPublished) {
      this.#emitted.push(row);
      this.#options.onEmitted();
    }
    if (this.routes.length === 0) return;
    const {key, id, values} = row;
    this.#options.forward(this, {key, timeMs, id, event: values});
  }
}
