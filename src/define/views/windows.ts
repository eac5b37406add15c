import type {Aggregates} from '../aggregate.ts';
import type {AnyInput, Input} from '../input.ts';
import type {SessionView, SlidingView, WindowView} from '../view.ts';
import {aggregateHead, type AggregateOptions} from './aggregate-options.ts';

interface Grace {
  /** How long after its end, in event time, a window still takes events; 0 or more. What comes later is late. */
  readonly graceMs: number;
}

export type TumblingOptions<Event, Fields extends Aggregates<Event>> = Grace &
  AggregateOptions<Event, Fields> & {
    /** Above 0. Windows are `[start, end)`, aligned to the epoch. */
    readonly sizeMs: number;
  };

/** Fixed windows side by side, one per key. */
export function tumbling<Event, const Fields extends Aggregates<NoInfer<Event>>>(
  from: Input<Event>,
  options: TumblingOptions<NoInfer<Event>, Fields>,
): WindowView & {readonly aggregates: NoInfer<Fields>} {
  const {sizeMs, graceMs} = options;
  const head = aggregateHead(options, from as AnyInput);
  return {...head, kind: 'tumbling', sizeMs, advanceMs: sizeMs, graceMs};
}

export type HoppingOptions<Event, Fields extends Aggregates<Event>> = TumblingOptions<
  Event,
  Fields
> & {
  /** A window starts at every multiple of it. From a 100,000th of the size, each window being a row, to the size. */
  readonly advanceMs: number;
};

/**
 * Fixed windows that overlap, one per key and advance. What they share is kept once: an event goes into one pane, and
 * windows, also of other views with the same `aggregates` object, are merged from panes.
 */
export function hopping<Event, const Fields extends Aggregates<NoInfer<Event>>>(
  from: Input<Event>,
  options: HoppingOptions<NoInfer<Event>, Fields>,
): WindowView & {readonly aggregates: NoInfer<Fields>} {
  return {...tumbling(from, options), kind: 'hopping', advanceMs: options.advanceMs};
}

export type SessionOptions<Event, Fields extends Aggregates<Event>> = Grace &
  AggregateOptions<Event, Fields> & {
    /** Above 0. Events so far apart or less are of one session. */
    readonly gapMs: number;
  };

/** Activity per key with no pause longer than the gap; `start` and `end` are its first and last event, both inclusive. */
export function session<Event, const Fields extends Aggregates<NoInfer<Event>>>(
  from: Input<Event>,
  options: SessionOptions<NoInfer<Event>, Fields>,
): SessionView & {readonly aggregates: NoInfer<Fields>} {
  const {gapMs, graceMs} = options;
  return {...aggregateHead(options, from as AnyInput), kind: 'session', gapMs, graceMs};
}

export type SlidingOptions<Event, Fields extends Aggregates<Event>> = Grace &
  AggregateOptions<Event, Fields> & {
    /** Above 0. A window ends at an event, and begins so long before. */
    readonly sizeMs: number;
  };

/** For every event time `t` of a key the window `[t - size, t]`, both ends inclusive. */
export function sliding<Event, const Fields extends Aggregates<NoInfer<Event>>>(
  from: Input<Event>,
  options: SlidingOptions<NoInfer<Event>, Fields>,
): SlidingView & {readonly aggregates: NoInfer<Fields>} {
  const {sizeMs, graceMs} = options;
  return {...aggregateHead(options, from as AnyInput), kind: 'sliding', sizeMs, graceMs};
}
