import type {Pipeline} from '../define/pipeline.ts';
import {topologyOf, type TaskGroup} from '../define/topology.ts';
import {
  AUDIT_PARTITIONS,
  auditStreamOf,
  REJECTED_PARTITIONS,
  rejectedStreamOf,
  shardsOf,
} from '../record/shard.ts';

/** Drain tasks per pipeline; each is one partition of the progress topic and the unit of ownership. */
export const DRAIN_TASKS = 8;
/** Room for an event of 1 MiB, its key and its headers in one record batch. */
export const TOPIC_MAX_MESSAGE_BYTES = 2_097_152;
/** Of a record's value, with room for key, headers and the record batch. A record that a topic refuses is refused for ever. */
export const MAX_VALUE_BYTES = TOPIC_MAX_MESSAGE_BYTES - 65_536;
/** A dead letter is a record and the reason; the topic of those too large for another must take any there can be. */
export const DEAD_LETTER_MAX_MESSAGE_BYTES = 4 * TOPIC_MAX_MESSAGE_BYTES;
/** How long a deleted key's tombstone stays readable: a local checkpoint older than this may have missed it. */
export const CHANGELOG_DELETE_RETENTION_MS = 86_400_000;

/**
 * How long a processor may be down before events that are on their way between its tasks are lost: as long as Kafka keeps
 * those of a stream by default. What was read is in the state of its readers, so nothing needs it for longer.
 */
export const REPARTITION_RETENTION_MS = 604_800_000;

/** Of topics that are read back at a restart: about a second of reading. */
const COMPACTED_SEGMENT_BYTES = 33_554_432;

/** A topic as the definition wants it. */
export interface TopicPlan {
  readonly name: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

/** Topic names of one pipeline in one environment; `prefix` isolates environments. */
export class TopicNames {
  readonly #prefix: string;
  readonly #pipeline: string;

  constructor(prefix: string, pipeline: string) {
    this.#prefix = prefix;
    this.#pipeline = pipeline;
  }

  /** Of a shard's stream: a stream of the definition, `<stream>.rejected` or `_<pipeline>.audit`. */
  data(stream: string): string {
    return `${this.#prefix}${stream}`;
  }

  /** Of a shard's stream: where records go that its own topic does not take. */
  deadLetters(stream: string): string {
    return `${this.data(stream)}.dead-letter`;
  }

  results(view: string): string {
    return `${this.#prefix}${this.#pipeline}.${view}`;
  }

  late(view: string): string {
    return `${this.results(view)}.late`;
  }

  drainProgress(): string {
    return this.#internal('drain');
  }

  /** Of a task group. */
  changelog(group: string): string {
    return this.#internal(`${group}.changelog`);
  }

  /** Of a root that other tasks write. */
  repartition(root: string): string {
    return this.#internal(root);
  }

  /** Who owns which task, for those who are asked for what another replica has. */
  owners(): string {
    return this.#internal('owners');
  }

  /** Consumer group or transactional id of one program; carries the prefix, so environments never fence each other. */
  identity(program: 'drain' | 'processor', unit?: string): string {
    return this.#internal(unit === undefined ? program : `${program}.${unit}`);
  }

  #internal(name: string): string {
    return `${this.#prefix}_${this.#pipeline}.${name}`;
  }
}

/** Every topic a definition needs. */
export function topicPlans(pipeline: Pipeline, names: TopicNames): readonly TopicPlan[] {
  const {groups} = topologyOf(pipeline);
  return [
    {name: names.drainProgress(), partitions: DRAIN_TASKS, config: COMPACTED},
    {name: names.data(auditStreamOf(pipeline)), partitions: AUDIT_PARTITIONS, config: KEPT_LOG},
    ...pipeline.streams.flatMap((stream) => [
      {name: names.data(stream.name), partitions: stream.partitions, config: LOG},
      {
        name: names.data(rejectedStreamOf(stream.name)),
        partitions: REJECTED_PARTITIONS,
        config: LOG,
      },
    ]),
    ...deadLetterPlans(pipeline, names),
    ...groups.flatMap((group) => groupPlans(group, names)),
    {name: names.owners(), partitions: 1, config: COMPACTED},
    ...pipeline.views.map(({name, partitions}) => ({
      name: names.results(name),
      partitions,
      config: COMPACTED,
    })),
    // Also of views that have no windows or are only read by others: any event can be dated too far ahead.
    ...groups.flatMap(({views}) =>
      views.map(({name, partitions}) => ({name: names.late(name), partitions, config: LOG})),
    ),
  ];
}

function groupPlans({name, partitions, sinks}: TaskGroup, names: TopicNames): readonly TopicPlan[] {
  return [
    {name: names.changelog(name), partitions, config: COMPACTED},
    ...sinks.map((sink) => ({
      name: names.repartition(sink.name),
      partitions: sink.partitions,
      config: REPARTITION_LOG,
    })),
  ];
}

/** One for each topic the drain writes, with as many partitions: a dead letter keeps its shard's place. */
function deadLetterPlans(pipeline: Pipeline, names: TopicNames): readonly TopicPlan[] {
  const partitions = new Map<string, number>();
  for (const shard of shardsOf(pipeline))
    partitions.set(shard.stream, Math.max(partitions.get(shard.stream) ?? 0, shard.partition + 1));
  return Array.from(partitions, ([stream, count]) => ({
    name: names.deadLetters(stream),
    partitions: count,
    config: DEAD_LETTER_LOG,
  }));
}

/**
 * A record's timestamp is when it was received, by a clock that may be ahead of the broker's. Without this a broker
 * refuses what is an hour ahead (KIP-937), and what was accepted would be a dead letter.
 */
const ANY_TIMESTAMP = {'message.timestamp.after.max.ms': '9223372036854775807'};
const LOG = {
  ...ANY_TIMESTAMP,
  'cleanup.policy': 'delete',
  'max.message.bytes': String(TOPIC_MAX_MESSAGE_BYTES),
};
/** Whatever the cluster's defaults: neither for less time nor up to some size only. */
const REPARTITION_LOG = {
  ...LOG,
  'retention.ms': String(REPARTITION_RETENTION_MS),
  'retention.bytes': '-1',
};
/** Never deleted by age: an audit is read years later. */
const KEPT_LOG = {...LOG, 'retention.ms': '-1'};
/** Kept until someone looks: they were accepted, and are nowhere else. */
const DEAD_LETTER_LOG = {
  ...KEPT_LOG,
  'max.message.bytes': String(DEAD_LETTER_MAX_MESSAGE_BYTES),
};
const COMPACTED = {
  ...ANY_TIMESTAMP,
  'cleanup.policy': 'compact',
  // Compaction leaves the newest segment alone, so its size is what a restart has to read at the least.
  'segment.bytes': String(COMPACTED_SEGMENT_BYTES),
  'min.cleanable.dirty.ratio': '0.1',
  'max.message.bytes': String(TOPIC_MAX_MESSAGE_BYTES),
  'delete.retention.ms': String(CHANGELOG_DELETE_RETENTION_MS),
};
