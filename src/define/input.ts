/**
 * What a view can read: a stream, a stream that was filtered, mapped, re-keyed or enriched, the rows of a join, a
 * correlation or a selection, or those of windows that have closed. An input is a value; nothing runs until a view reads it.
 */
import type {AnyStream, StreamDefinition} from './stream.ts';
import type {AnyTable, Table} from './table.ts';
import type {AnyEventView, ClosingView, EventView, RowOf} from './view.ts';

declare const EVENT: unique symbol;

/** Carries the type of an input's events and nothing at run time. */
export interface Typed<Event> {
  readonly [EVENT]?: Event;
}

interface Head<Event> extends Typed<Event> {
  readonly from: AnyInput;
}

/* oxlint-disable typescript/no-explicit-any -- their events' types were checked where they were made */
export interface FilterInput<Event = any> extends Head<Event> {
  readonly kind: 'filter';
  readonly where: (event: any) => boolean;
}

export interface MapInput<Event = any> extends Head<Event> {
  readonly kind: 'map';
  readonly to: (event: any) => Event;
}

/** Goes through a repartition topic: what follows is grouped and ordered by the new key. */
export interface RekeyInput<Event = any> extends Head<Event> {
  readonly kind: 'rekey';
  /** Of the repartition topic. */
  readonly name: string;
  readonly key: (event: any) => string;
  readonly partitions: number;
}

export interface EnrichInput<Event = any> extends Head<Event> {
  readonly kind: 'enrich';
  readonly table: AnyTable;
  /** The table's key; default the event's own, which all tables but static ones demand. */
  readonly by: ((event: any) => string) | undefined;
  /** `undefined` leaves the event out. */
  readonly to: (event: any, row: any) => Event | undefined;
}

export interface RowsInput<Event = any> extends Typed<Event> {
  readonly kind: 'rows';
  readonly view: ClosingView;
}
/* oxlint-enable typescript/no-explicit-any */

export type DerivedInput<Event> =
  | FilterInput<Event>
  | MapInput<Event>
  | RekeyInput<Event>
  | EnrichInput<Event>
  | RowsInput<Event>;
export type Input<Event> = StreamDefinition<Event> | DerivedInput<Event> | EventView<Event>;
export type AnyInput =
  | AnyStream
  | FilterInput
  | MapInput
  | RekeyInput
  | EnrichInput
  | RowsInput
  | AnyEventView;

/** Only the events for which `where` is true. One for which it throws is left out, and counted. */
export function filter<Event>(
  from: Input<Event>,
  where: (event: NoInfer<Event>) => boolean,
): FilterInput<Event> {
  return {kind: 'filter', from: from as AnyInput, where};
}

/** Every event as `to` returns it. Its key and its time stay what they were. */
export function map<Event, To>(
  from: Input<Event>,
  to: (event: NoInfer<Event>) => To,
): MapInput<To> {
  return {kind: 'map', from: from as AnyInput, to};
}

export interface RekeyOptions<Event> {
  /** Of the repartition topic; lower-case letters, digits and dashes, from a letter on. */
  readonly name: string;
  /** 1,024 bytes at most; an event without such a key is left out (`REKEY_KEY_INVALID`), and counted. */
  readonly key: (event: Event) => string;
  /** 1 to 1,000. Default: as many as the input has. */
  readonly partitions?: number;
}

/**
 * The same events under another key. They go through a repartition topic, as JSON; tumbling, hopping and running views right
 * behind a `rekey` (with `filter` and `map` between at most) send partial aggregates instead of events.
 */
export function rekey<Event>(
  from: Input<Event>,
  options: RekeyOptions<NoInfer<Event>>,
): RekeyInput<Event> {
  const {name, key} = options;
  const input = from as AnyInput;
  return {
    kind: 'rekey',
    from: input,
    name,
    key,
    partitions: options.partitions ?? partitionsOf(input),
  };
}

export interface EnrichOptions<Event, Row, To> {
  /** The table's key. A table that is kept by key can only be asked for the event's own: leave it out there. */
  readonly by?: (event: Event) => string;
  /**
   * The event with what the table says, `undefined` if it says nothing; return `undefined` to leave the event out. The row
   * is shared by all who ask: leave it as it is.
   */
  readonly to: (event: Event, row: Row | undefined) => To | undefined;
}

/**
 * Every event with the row that a table has for it when the event's turn comes. Records of several topics take turns by
 * their times, as far as they have been read: an event that is late may see a newer row, and a row that is late comes too
 * late for events before it.
 */
export function enrich<Event, Row, To>(
  from: Input<Event>,
  table: Table<Row>,
  {by, to}: EnrichOptions<NoInfer<Event>, NoInfer<Row>, To>,
): EnrichInput<To> {
  return {kind: 'enrich', from: from as AnyInput, table: table as AnyTable, by, to};
}

/** A row of a window that has closed: what its aggregates were in the end. */
export type ClosedRow<View extends ClosingView> = RowOf<View> & {
  readonly key: string;
  /** Milliseconds since the epoch, as `end`. */
  readonly start: number;
  readonly end: number;
};

/**
 * The rows of a view as events of the same key, each once, when its window closes, whatever the view emits besides. They
 * come in the order of end and key, dated with the last millisecond of their window (of tumbling and hopping windows
 * `end - 1`, else `end`), and none is late for windows without grace.
 */
export function rowsOf<View extends ClosingView>(view: View): RowsInput<ClosedRow<View>> {
  return {kind: 'rows', view};
}

/** Partitions of the topic that an input's events come from last. */
export function partitionsOf(input: AnyInput): number {
  if (input.kind === 'rows') return input.view.partitions;
  return input.kind === 'filter' || input.kind === 'map' || input.kind === 'enrich'
    ? partitionsOf(input.from)
    : input.partitions;
}

/** The stream an input begins with (a join's: the left one); its owner answers for what is made of it. */
export function streamOf(input: AnyInput): AnyStream {
  if (input.kind === 'stream') return input;
  if (input.kind === 'rows') return input.view.stream;
  return 'from' in input ? streamOf(input.from) : input.stream;
}
