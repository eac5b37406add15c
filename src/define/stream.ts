import type * as z from 'zod';
import {days} from './duration.ts';
import type {Source} from './source.ts';

export const MAX_EVENT_BYTES_DEFAULT = 1_048_576;
/** At least as long as the longest webhook sender retries (Standard Webhooks 1.0.0: 3.2 days). */
const DEDUPE_WINDOW_MS_DEFAULT = days(4);
/** A Durable Object holds 10 GB; a shard says 503 far below that. */
const BUFFER_MAX_BYTES_DEFAULT = 2_000_000_000;
const BUFFER_MAX_RECORDS_DEFAULT = 20_000_000;
const BUFFER_MAX_AGE_MS_DEFAULT = days(7);

/** What a shard may hold before it refuses with 503: whichever bound is met first. */
export interface BufferCapacity {
  readonly maxBytes: number;
  readonly maxRecords: number;
  /** Age of the oldest record that Kafka has not taken. */
  readonly maxAgeMs: number;
}

export interface StreamOptions<Schema extends z.ZodType> {
  /** Lower-case letters, digits and dashes; also the topic's name. */
  readonly name: string;
  /** The team that answers for it. */
  readonly owner: string;
  readonly description?: string;
  readonly schema: Schema;
  /** Orders and partitions records. Without it, whole requests go to one random shard and only their order is kept. */
  readonly key?: (event: NoInfer<z.output<Schema>>) => string;
  /** Milliseconds since the epoch; without it, the time of receipt. */
  readonly eventTime?: (event: NoInfer<z.output<Schema>>) => number;
  /** The event's own id, for deduplication; without it, see the route's order of ids. */
  readonly id?: (event: NoInfer<z.output<Schema>>) => string;
  readonly partitions: number;
  readonly accept: readonly Source[];
  /** `reject`: the sender is told 422. `quarantine`: it gets 2xx and the event is kept as rejected. Default: by source. */
  readonly onInvalid?: 'reject' | 'quarantine';
  readonly maxEventBytes?: number;
  readonly dedupeWindowMs?: number;
  readonly capacity?: Partial<BufferCapacity>;
}

export interface StreamDefinition<Event = unknown> {
  readonly name: string;
  readonly owner: string;
  readonly description: string;
  readonly schema: z.ZodType<Event>;
  readonly key: ((event: Event) => string) | undefined;
  readonly eventTime: ((event: Event) => number) | undefined;
  readonly id: ((event: Event) => string) | undefined;
  readonly partitions: number;
  readonly accept: readonly Source[];
  readonly onInvalid: 'reject' | 'quarantine' | undefined;
  readonly maxEventBytes: number;
  readonly dedupeWindowMs: number;
  readonly capacity: BufferCapacity;
}

/** A stream whose event type is not known here. Its functions may only be called with what its own schema returned. */
// oxlint-disable-next-line typescript/no-explicit-any -- a stream is contravariant in its event; only `any` holds them all
export type AnyStream = StreamDefinition<any>;

/** Names a stream; `definePipeline` checks it. */
export function defineStream<Schema extends z.ZodType>(
  options: StreamOptions<Schema>,
): StreamDefinition<z.output<Schema>> {
  return {
    name: options.name,
    owner: options.owner,
    description: options.description ?? '',
    schema: options.schema as unknown as z.ZodType<z.output<Schema>>,
    key: options.key,
    eventTime: options.eventTime,
    id: options.id,
    partitions: options.partitions,
    accept: options.accept,
    onInvalid: options.onInvalid,
    maxEventBytes: options.maxEventBytes ?? MAX_EVENT_BYTES_DEFAULT,
    dedupeWindowMs: options.dedupeWindowMs ?? DEDUPE_WINDOW_MS_DEFAULT,
    capacity: {
      maxBytes: options.capacity?.maxBytes ?? BUFFER_MAX_BYTES_DEFAULT,
      maxRecords: options.capacity?.maxRecords ?? BUFFER_MAX_RECORDS_DEFAULT,
      maxAgeMs: options.capacity?.maxAgeMs ?? BUFFER_MAX_AGE_MS_DEFAULT,
    },
  };
}
