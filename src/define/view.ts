/** What a pipeline keeps of its streams. Every view has results in a topic of its own and can be queried. */
import type {AnyAggregates} from './aggregate.ts';
import type {AnyInput, Typed} from './input.ts';
import type {AnyStream} from './stream.ts';
import type {Step} from './views/correlate.ts';

/**
 * `final`: one result when a window closes. `updates`: also every change, at most one a commit (100 ms). `everyMs`, above 0:
 * also what changed, so often by the wall clock at most.
 */
export type Emit = 'final' | 'updates' | {readonly everyMs: number};

/** Where a view's open state is: `disk` is for more of it than fits into memory, at a fraction of the speed. */
export type Storage = 'memory' | 'disk';

export interface ViewHead {
  readonly name: string;
  readonly description: string;
  /** The stream its input begins with: its owner answers for the view. */
  readonly stream: AnyStream;
  readonly partitions: number;
  /** How long closed rows are kept, in event time behind the watermark. */
  readonly retentionMs: number;
  readonly storage: Storage;
}

interface AggregateHead extends ViewHead {
  readonly input: AnyInput;
  readonly emit: Emit;
  readonly aggregates: AnyAggregates;
}

/** Windows `[start, end)`; starts are multiples of the advance from the epoch. */
export interface WindowView extends AggregateHead {
  readonly kind: 'tumbling' | 'hopping';
  readonly sizeMs: number;
  /** Of tumbling windows the size. */
  readonly advanceMs: number;
  readonly graceMs: number;
}

export interface SessionView extends AggregateHead {
  readonly kind: 'session';
  readonly gapMs: number;
  readonly graceMs: number;
}

export interface SlidingView extends AggregateHead {
  readonly kind: 'sliding';
  readonly sizeMs: number;
  readonly graceMs: number;
}

export interface RunningView extends AggregateHead {
  readonly kind: 'running';
}

/* oxlint-disable typescript/no-explicit-any -- their events' types were checked where they were defined */
interface EventHead<Row> extends ViewHead, Typed<Row> {
  readonly emit: 'final';
}

export interface JoinView<Row = any> extends EventHead<Row> {
  readonly kind: 'join';
  readonly left: AnyInput;
  readonly right: AnyInput;
  readonly type: 'inner' | 'left' | 'outer';
  /** A right event at `t` matches a left one from `t - afterMs` to `t + beforeMs`, both inclusive. */
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly graceMs: number;
  readonly where: ((left: any, right: any) => boolean) | undefined;
  /** `undefined` for the side without a partner. */
  readonly select: (left: any, right: any) => Row;
}

export interface CorrelateView<Row = any> extends EventHead<Row> {
  readonly kind: 'correlate';
  readonly order: 'sequence' | 'any';
  readonly steps: readonly Step[];
  readonly withinMs: number;
  readonly graceMs: number;
  /** Gets the events by the names of their steps; negated steps have none. */
  readonly select: (matched: any) => Row;
}

/** A row per event. */
export interface SelectView<Row = any> extends EventHead<Row> {
  readonly kind: 'select';
  readonly input: AnyInput;
  readonly row: (event: any) => Row;
}
/* oxlint-enable typescript/no-explicit-any */

/** Views whose rows become final one by one. */
export type ClosingView = WindowView | SessionView | SlidingView;
export type AggregateView = ClosingView | RunningView;
/** Views whose rows are events, so that other views can read them. */
export type EventView<Row> = JoinView<Row> | CorrelateView<Row> | SelectView<Row>;
export type AnyEventView = JoinView | CorrelateView | SelectView;
export type ViewDefinition = AggregateView | AnyEventView;

/** What `tableOfView` returns of a view; the values are what its aggregates return. */
export type RowOf<View extends AggregateView> = ResultsOf<View['aggregates']>;

/** A view says that it has aggregates of any name, and which: only these are fields of its rows. */
type ResultsOf<Fields extends AnyAggregates> = {
  readonly [Field in keyof Fields as string extends Field ? never : Field]: ReturnType<
    Fields[Field]['result']
  >;
};

export function isEventView(view: ViewDefinition): view is AnyEventView {
  return view.kind === 'join' || view.kind === 'correlate' || view.kind === 'select';
}

export function isClosingView(view: ViewDefinition): view is ClosingView {
  return !isEventView(view) && view.kind !== 'running';
}

/** What a view reads, in the order of its sides. */
export function inputsOf(view: ViewDefinition): readonly AnyInput[] {
  if (view.kind === 'join') return [view.left, view.right];
  return view.kind === 'correlate' ? view.steps.map(({input}) => input) : [view.input];
}
