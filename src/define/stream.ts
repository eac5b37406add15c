import type * as z from 'zod';
import {days, minutes} from './duration.ts';
import type {Quota} from './quota.ts';
import type {Source} from './source.ts';
import type {WebhookOrigins} from './webhook-origins.ts';

export const MAX_EVENT_BYTES_DEFAULT = 1_048_576;
/** At least as long as the longest webhook sender retries (Standard Webhooks 1.0.0: 3.2 days). */
const DEDUPE_WINDOW_MS_DEFAULT = days(4);
/** 32 MB of a shard's memory when it is met, and 400 MB of its storage. */
const DEDUPE_MAX_IDS_DEFAULT = 16_777_216;
/** A Durable Object holds 10 GB; a shard says 503 far below that. */
const BUFFER_MAX_BYTES_DEFAULT = 2_000_000_000;
const BUFFER_MAX_RECORDS_DEFAULT = 20_000_000;
const BUFFER_MAX_AGE_MS_DEFAULT = days(7);
const IDLE_MS_DEFAULT = minutes(1);
const MAX_AHEAD_MS_DEFAULT = days(1);

/** What a shard may hold before it is full (see `whenFull`): whichever bound is met first. All above 0. */
export interface BufferCapacity {
  /** Default: 2 GB. */
  readonly maxBytes: number;
  /** Default: 20 million. */
  readonly maxRecords: number;
  /** Age of the oldest record that Kafka has not taken. Default: 7 days. */
  readonly maxAgeMs: number;
}

/** What came with an event beside its data: what a CloudEvent says, next to nothing for plain JSON. */
export interface SentAttributes {
  /** The sender's id of the event. */
  readonly id?: string;
  readonly source?: string;
  readonly type?: string;
  readonly subject?: string;
  /** Milliseconds since the epoch. */
  readonly timeMs?: number;
  /** CloudEvents extensions by name, as their canonical strings. */
  readonly extensions?: {
    readonly partitionkey?: string;
    readonly [name: string]: string | undefined;
  };
}

/** For events that came with none. */
export const NO_ATTRIBUTES: SentAttributes = Object.freeze({});

export interface StreamOptions<Schema extends z.ZodType> {
  /** Lower-case letters, digits and dashes, from a letter on, 63 at most; also the topic's name. */
  readonly name: string;
  /** The team that answers for it. */
  readonly owner: string;
  readonly description?: string;
  readonly schema: Schema;
  /**
   * Orders and partitions records, 1,024 bytes at most. Without it, whole requests go to one random shard, only their order is
   * kept, and no view can read the stream.
   */
  readonly key?: (event: NoInfer<z.output<Schema>>, attributes: SentAttributes) => string;
  /** Milliseconds since the epoch; without it, the time of receipt. */
  readonly eventTime?: (event: NoInfer<z.output<Schema>>, attributes: SentAttributes) => number;
  /** The event's own id, for deduplication; without it, see the route's order of ids. */
  readonly id?: (event: NoInfer<z.output<Schema>>, attributes: SentAttributes) => string;
  /** 1 to 1,000; as many as the topic has for ever, since keys would change places. */
  readonly partitions: number;
  /** Who may send, and in which dialects; at least one. */
  readonly accept: readonly Source[];
  /** `reject`: the sender is told 422. `quarantine`: it gets 2xx and the event is kept as rejected. Default: by source. */
  readonly onInvalid?: 'reject' | 'quarantine';
  /** Of the event as it was sent. Default, and the most: 1 MiB. */
  readonly maxEventBytes?: number;
  /** How long a repeated id is known as a duplicate. Default: 4 days. */
  readonly dedupeWindowMs?: number;
  /**
   * Ids a shard remembers at most, 1.9 MB of memory a million. Above it the oldest leave early: counted and logged. 200,000 to
   * 33,554,432; default: half of that.
   */
  readonly dedupeMaxIds?: number;
  readonly capacity?: Partial<BufferCapacity>;
  /** Of all senders together; a key may have a quota of its own besides. Without it, none. */
  readonly quota?: Quota;
  /**
   * What becomes of events while a shard holds all it may. `overflow`, the default: they wait in the queue bound as
   * OVERFLOW and are answered 202 without a seq; a gateway without that binding answers as with `reject`. `reject`: 503
   * with Retry-After.
   */
  readonly whenFull?: 'overflow' | 'reject';
  /**
   * `kept`: what came through the queue stands in the log where it would have stood without it; a shard that is too busy to
   * be asked answers 503. `waived`: newer events may overtake those in the queue, and a busy shard overflows, too.
   * Default: `kept` with a `key`, else `waived`; a stream whose senders give keys themselves should say `kept`.
   */
  readonly overflowOrder?: 'kept' | 'waived';
  /** Without it, `OPTIONS` of the stream's route consents to nothing. Deliveries need credentials all the same. */
  readonly webhookOrigins?: WebhookOrigins;
  /**
   * After so long without an event in a partition, by the clock on the wall, its event time goes on by itself, as fast as
   * the clock, so that its windows close. An event that was held up for longer than this and the grace is late then.
   * Default: one minute.
   */
  readonly idleMs?: number;
  /** An event dated further than this ahead of its receipt goes to the late topics and moves no time. Default: one day. */
  readonly maxAheadMs?: number;
}

export interface StreamDefinition<Event = unknown> {
  readonly kind: 'stream';
  readonly name: string;
  readonly owner: string;
  readonly description: string;
  readonly schema: z.ZodType<Event>;
  readonly key: ((event: Event, attributes: SentAttributes) => string) | undefined;
  readonly eventTime: ((event: Event, attributes: SentAttributes) => number) | undefined;
  readonly id: ((event: Event, attributes: SentAttributes) => string) | undefined;
  readonly partitions: number;
  readonly accept: readonly Source[];
  readonly onInvalid: 'reject' | 'quarantine' | undefined;
  readonly maxEventBytes: number;
  readonly dedupeWindowMs: number;
  readonly dedupeMaxIds: number;
  readonly capacity: BufferCapacity;
  readonly quota: Quota | undefined;
  readonly whenFull: 'overflow' | 'reject';
  readonly overflowOrder: 'kept' | 'waived';
  readonly webhookOrigins: WebhookOrigins | undefined;
  readonly idleMs: number;
  readonly maxAheadMs: number;
}

/** A stream whose event type is not known here. Its functions may only be called with what its own schema returned. */
// oxlint-disable-next-line typescript/no-explicit-any -- a stream is contravariant in its event; only `any` holds them all
export type AnyStream = StreamDefinition<any>;

/** Events of one kind: who may send them, what they look like, where they go. `definePipeline` checks it. */
export function defineStream<Schema extends z.ZodType>(
  options: StreamOptions<Schema>,
): StreamDefinition<z.output<Schema>> {
  return {
    kind: 'stream',
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
    dedupeMaxIds: options.dedupeMaxIds ?? DEDUPE_MAX_IDS_DEFAULT,
    capacity: {
      maxBytes: options.capacity?.maxBytes ?? BUFFER_MAX_BYTES_DEFAULT,
      maxRecords: options.capacity?.maxRecords ?? BUFFER_MAX_RECORDS_DEFAULT,
      maxAgeMs: options.capacity?.maxAgeMs ?? BUFFER_MAX_AGE_MS_DEFAULT,
    },
    quota: options.quota,
    webhookOrigins: options.webhookOrigins,
    whenFull: options.whenFull ?? 'overflow',
    overflowOrder: options.overflowOrder ?? (options.key === undefined ? 'waived' : 'kept'),
    idleMs: options.idleMs ?? IDLE_MS_DEFAULT,
    maxAheadMs: options.maxAheadMs ?? MAX_AHEAD_MS_DEFAULT,
  };
}
