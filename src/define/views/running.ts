import type {Aggregates} from '../aggregate.ts';
import type {AnyInput, Input} from '../input.ts';
import type {RunningView} from '../view.ts';
import {aggregateHead, type AggregateOptions} from './aggregate-options.ts';

export type RunningOptions<Event, Fields extends Aggregates<Event>> = Omit<
  AggregateOptions<Event, Fields>,
  'retentionMs' | 'emit'
> & {
  /** There is no last value: every change, or what changed every so often. Default: updates. */
  readonly emit?: 'updates' | {readonly everyMs: number};
};

/**
 * All of a key's events since the first, without a window: its current state, which is kept for ever. Late events count like
 * any. A row has no `start` and `end`.
 */
export function running<Event, const Fields extends Aggregates<NoInfer<Event>>>(
  from: Input<Event>,
  options: RunningOptions<NoInfer<Event>, Fields>,
): RunningView & {readonly aggregates: NoInfer<Fields>} {
  const {emit = 'updates'} = options;
  return {...aggregateHead({...options, emit}, from as AnyInput), kind: 'running'};
}
