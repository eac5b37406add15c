import type {Aggregates, AnyAggregates} from '../aggregate.ts';
import {days} from '../duration.ts';
import {partitionsOf, streamOf, type AnyInput} from '../input.ts';
import type {Emit, Storage, ViewHead} from '../view.ts';

/** How long a closed row can be queried, in event time behind the watermark. */
const RETENTION_MS_DEFAULT = days(366);

export interface ViewOptions {
  readonly name: string;
  readonly description?: string;
  readonly retentionMs?: number;
  /** `disk` for more open state than fits into memory; docs/state.md. Default: memory. */
  readonly storage?: Storage;
}

export interface AggregateOptions<Event, Fields extends Aggregates<Event>> extends ViewOptions {
  readonly emit: Emit;
  /** Views of one input that are given the same object share their panes. */
  readonly aggregates: Fields;
}

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
