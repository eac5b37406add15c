/**
 * An operator does the work of one view in one partition, event by event and without any I/O but its stores. The engine
 * tells it of events and of time; the commit asks it for rows and its stores for changes.
 *
 * Invariant: all that decides about later rows is in its stores or in its `mark`, both committed with the rows. What is
 * derived from them (heaps, merged panes, caches) is built by `restored` and never written.
 */
import type {Json} from '../../src/define/aggregate.ts';
import type {StateStore} from '../state/state-store.ts';

/** An event with what it is grouped by. */
export interface TimedEvent {
  readonly key: string;
  /** Event time, a whole number of milliseconds since the epoch. */
  readonly timeMs: number;
  /** Where it was read: `<root>:<offset>`; of a view's row the row's id. The same event has the same id in every life. */
  readonly id: string;
  readonly event: unknown;
}

/**
 * - `late`: its windows are closed · `negative-time`: before 1970 · `future`: dated too far ahead of its receipt
 * - `late-partial`: a partial aggregate that came after its window was closed
 */
export type LateReason = 'late' | 'negative-time' | 'future' | 'late-partial';

export interface RowIdentity {
  readonly key: string;
  /** `null` for running views, as `end`. */
  readonly start: number | null;
  readonly end: number | null;
  /** Of rows that key and times do not tell apart (joins, selections); else ''. */
  readonly id: string;
}

export interface Row extends RowIdentity {
  readonly isFinal: boolean;
  readonly values: Readonly<Record<string, Json>>;
}

export type RowValues = Row['values'];

/** What an operator tells the engine while it takes an event or a time. */
export interface OperatorContext {
  /** The event of the moment is not taken, or not by so many of its windows. */
  late(reason: LateReason, windows?: number): void;
  /** A function of the definition threw; the operator is as if the event had not come. */
  failed(error: unknown): void;
  /** A row that is final at once: goes into the commit, and to the views that read this one, dated `timeMs`. */
  emit(row: Row, timeMs: number): void;
}

export interface RowRange {
  readonly key?: string | undefined;
  /** Of starts, inclusive. */
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  /** Only rows behind this one. */
  readonly after?: RowIdentity | undefined;
  readonly limit: number;
}

export interface Operator {
  readonly stores: readonly StateStore[];
  /** How far behind its own time what it emits, or the rows that are not due, can be dated. */
  readonly delayMs: number;
  /** `side` is the place of the input in `inputsOf(view)`. Time was advanced to the event's before, if that is later. */
  take(event: TimedEvent, side: number): void;
  /** Its time: never goes back. Rows that `emit` makes final come out of here; windows only become due. */
  advance(timeMs: number): void;
  /** How many closed rows wait to be taken; an estimate that is never 0 when there are any. */
  dueCount(): number;
  /** The next closed rows, in the order of end and key, for the next commit; events may come before it. */
  takeDue(limit: number): readonly Row[];
  /** Open rows as they are after the commit being made, of all that changed in it. Read before `markCommitted`. */
  changedRows(): Iterable<Row>;
  /** Rows that were open in an earlier commit and are no more, without having been closed. */
  withdrawnRows(): Iterable<RowIdentity>;
  /** What was changed, taken or withdrawn is in Kafka now. The engine tells its stores. */
  markCommitted(): void;
  /** Open rows as of the last commit, by start, key and id. */
  openRows(range: RowRange): readonly Row[];
  openCount(): number;
  /**
   * For tables of an aggregate view: the open row, with what is not committed, of the newest window that an event of that
   * time goes into.
   */
  rowAt?(key: string, timeMs: number): Row | undefined;
  /** Small state for the position record, e.g. what is closed. */
  mark(): Json;
  /** After its stores are restored. `undefined`: it has no mark yet. */
  restored(mark: Json | undefined, timeMs: number | null): void;
}
