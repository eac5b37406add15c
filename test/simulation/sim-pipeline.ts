import * as z from 'zod';
import {
  apiKey,
  count,
  days,
  definePipeline,
  defineStream,
  max,
  min,
  seconds,
  sum,
  tumbling,
} from '../../src/define/index.ts';
import {TopicNames} from '../../src/protocol/topics.ts';
import {shardOf} from '../../src/record/shard.ts';
import type {RunEntry, ViewSpec} from '../chaos/history/entry.ts';

const PARTITIONS = 2;
const SIZE_MS = seconds(5);
const GRACE_MS = seconds(3);

const Reading = z.object({
  id: z.string(),
  key: z.string(),
  n: z.int(),
  time: z.number(),
  amount: z.int(),
});
export type Reading = z.infer<typeof Reading>;

export const readings = defineStream({
  name: 'readings',
  owner: 'tests',
  schema: Reading,
  key: (reading) => reading.key,
  eventTime: (reading) => reading.time,
  partitions: PARTITIONS,
  accept: [apiKey()],
  // The checker knows event time only: time must not go on by itself, and no event is too far ahead.
  idleMs: days(365),
  maxAheadMs: days(365),
  // Small, so that a drain that is away for long fills it.
  capacity: {maxRecords: 60},
});

const view = (name: string, emit: 'final' | 'updates') =>
  tumbling(readings, {
    name,
    sizeMs: SIZE_MS,
    graceMs: GRACE_MS,
    emit,
    aggregates: {
      count: count(),
      sum: sum((reading) => reading.amount),
      min: min((reading) => reading.amount),
      max: max((reading) => reading.amount),
    },
  });

/** One view of each way of emitting, over the same windows. */
const EMITS = [
  ['totals', 'final'],
  ['running', 'updates'],
] as const;

export const pipeline = definePipeline({
  name: 'sim',
  streams: [readings],
  views: EMITS.map(([name, emit]) => view(name, emit)),
});

export const names = new TopicNames('', pipeline.name);
/** All of one drain task: its transactions have several partitions. */
export const SHARDS = Array.from({length: PARTITIONS}, (_, partition) =>
  shardOf(readings.name, partition),
);
export const DRAIN_TASK = 0;

/** The first line of a history. */
export function runEntry(seed: number): Omit<RunEntry, 'at'> {
  const source = names.data(readings.name);
  const views = EMITS.map(([name, emit]): ViewSpec => ({
    kind: 'windows',
    by: 'key',
    name,
    emit,
    sourceTopic: source,
    resultTopic: names.results(name),
    lateTopic: names.late(name),
    sizeMs: SIZE_MS,
    advanceMs: SIZE_MS,
    graceMs: GRACE_MS,
  }));
  return {
    type: 'run',
    seed,
    command: `node test/simulation/run.ts --seeds ${seed}`,
    views,
    dataTopics: [source],
    deadLetterTopics: [names.deadLetters(readings.name)],
    rejectedTopics: [],
    lateTopics: views.map(({lateTopic}) => lateTopic),
  };
}
