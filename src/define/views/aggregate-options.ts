import type {Aggregates, AnyAggregates} from '../aggregate.ts';
import {days} from '../duration.ts';
import {partitionsOf, streamOf, type AnyInput} from '../input.ts';
import type {Emit, Storage, ViewHead} from '../view.ts';

const RETENTION_MS_DEFAULT = days(366);

export interface ViewOptions {
  /** Lower-case letters, digits and dashes, from a letter on; results are in the topic `<pipeline>.<name>`. */
  readonly name: string;
  readonly description?: string;
  /**
   * How long a closed row is kept, in event time behind the watermark. Default: 366 days; of a window at least its size (a
   * session's gap) and the grace.
   */
  readonly retentionMs?: number;
  /** `disk` for more open state than fits into memory; docs/state.md. Default: `memory`. */
  readonly storage?: Storage;
}

export interface AggregateOptions<Event, Fields extends Aggregates<Event>> extends ViewOptions {
  /** What is written to the results topic; queries show open windows in any case. */
  readonly emit: Emit;
  /**
   * The fields of a row, at least one: letters, digits and `_`, from a letter on, none of `key`, `start`, `end`, `id` and
   * `final`. Tumbling and hopping views of one input that are given the same object share their panes.
   */
  readonly aggregates: Fields;
}

/**
 * What a `row` or `select` makes: a JSON object, so no list, `Map` or `Set`. Queries show the row's own `key`, `start`, `end`,
 * `id` and `final`.
 */
export type RowObject = object & {readonly [Symbol.iterator]?: never} & {
  readonly [Own in 'key' | 'start' | 'end' | 'id' | 'final']?: never;
};

export function viewHead(options: ViewOptions, input: AnyInput): ViewHead {
  return {
    name: options.name,
    description: options.description ?? '',
    stream: streamOf(input),
    partitions: partitionsOf(input),
    retentionMs: options.retentionMs ?? RETENTION_MS_DEFAULT,
    storage: options.storage ?? 'memory',
  };
}

/** What all views that aggregate have of their options. */
export function aggregateHead<Fields extends AnyAggregates>(
  options: ViewOptions & {readonly emit: Emit; readonly aggregates: Fields},
  input: AnyInput,
): ViewHead & {readonly input: AnyInput; readonly emit: Emit; readonly aggregates: Fields} {
  const {emit, aggregates} = options;
  return {...viewHead(options, input), input, emit, aggregates};
}
