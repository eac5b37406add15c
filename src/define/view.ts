import type {Aggregate} from './aggregate.ts';
import {days} from './duration.ts';
import type {AnyStream, StreamDefinition} from './stream.ts';

/** How long a closed window can be queried, in event time behind the watermark. */
const RETENTION_MS_DEFAULT = days(366);

export interface TumblingOptions<Event> {
  readonly name: string;
  readonly description?: string;
  /** Windows are `[start, end)`, aligned to the epoch. */
  readonly sizeMs: number;
  /** How long after its end, in event time, a window still takes events. */
  readonly graceMs: number;
  /** `final`: one result when the window closes. `updates`: also every change, at most one a commit. */
  readonly emit: 'final' | 'updates';
  readonly retentionMs?: number;
  readonly aggregates: Readonly<Record<string, Aggregate<Event>>>;
}

export interface TumblingView {
  readonly kind: 'tumbling';
  readonly name: string;
  readonly description: string;
  readonly stream: AnyStream;
  readonly sizeMs: number;
  readonly graceMs: number;
  readonly emit: 'final' | 'updates';
  readonly retentionMs: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- holds aggregates over any stream's events, as AnyStream does
  readonly aggregates: Readonly<Record<string, Aggregate<any>>>;
}

export type ViewDefinition = TumblingView;

/** Fixed windows side by side, one per key. */
export function tumbling<Event>(
  stream: StreamDefinition<Event>,
  options: TumblingOptions<NoInfer<Event>>,
): TumblingView {
  return {
    kind: 'tumbling',
    name: options.name,
    description: options.description ?? '',
    stream,
    sizeMs: options.sizeMs,
    graceMs: options.graceMs,
    emit: options.emit,
    retentionMs: options.retentionMs ?? RETENTION_MS_DEFAULT,
    aggregates: options.aggregates,
  };
}
