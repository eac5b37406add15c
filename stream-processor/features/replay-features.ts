import {setTimeout as sleep} from 'node:timers/promises';
import type {Pipeline} from '../../src/define/pipeline.ts';
import type {TaskGroup} from '../../src/define/topology.ts';
import type {Kafka, TopicAdmin} from '../../src/kafka/ports.ts';
import {utf8} from '../../src/lib/bytes.ts';
import type {Clock} from '../../src/lib/clock.ts';
import type {TopicNames} from '../../src/protocol/topics.ts';
import {partitionOf} from '../../src/record/shard.ts';
import {rootTopic} from '../event/root-topic.ts';
import {QueryFailed} from '../query/problem.ts';
import {replay} from '../restore/replay.ts';
import {decodeChangelogKey} from '../state/changelog-codec.ts';
import {MemoryKeyedStore} from '../state/memory-keyed-store.ts';
import {ADVANCES_STORE, advanceCodec} from '../time/advances.ts';
import {EntityReplay} from './entity-replay.ts';

/** Of the changelog and the log, for one answer. */
const MAX_REPLAY_RECORDS = 2_000_000;
const MAX_REPLAY_MS = 30_000;
const POLL_MS = 250;

export interface FeatureReplaysOptions {
  readonly pipeline: Pipeline;
  readonly kafka: Kafka;
  readonly names: TopicNames;
  readonly clock: Clock;
}

interface Replayed {
  readonly group: TaskGroup;
  readonly entity: string;
  readonly atMs: number;
  readonly signal: AbortSignal;
}

interface Budget {
  records: number;
  readonly untilMs: number;
}

/**
 * The log of an entity's partition up to a past event time, from Kafka, whoever owns the partition.
 * @throws QueryFailed `replay-too-long`
 */
export async function replayEntity(
  options: FeatureReplaysOptions,
  replayed: Replayed,
): Promise<EntityReplay> {
  const {kafka, clock} = options;
  const budget = {records: MAX_REPLAY_RECORDS, untilMs: clock.nowMs() + MAX_REPLAY_MS};
  const admin = await kafka.openAdmin();
  try {
    const advances = await readAdvances(options, replayed, {admin, budget});
    const {group, entity} = replayed;
    const partition = partitionOf(utf8(entity), group.partitions);
    const ranges = await Promise.all(
      group.roots.map(async (root) => {
        const topic = rootTopic(root, options.names);
        const first = await admin.earliestOffset(topic, partition);
        const end = await admin.stableEndOffset(topic, partition);
        return {root: root.name, topic, first, end};
      }),
    );
    const entityReplay = new EntityReplay({
      ...options,
      ...replayed,
      advances,
      firstOffsets: Object.fromEntries(ranges.map(({root, first}) => [root, first])),
    });
    await readRoots(options, {ranges, partition, entityReplay, budget, signal: replayed.signal});
    return entityReplay;
  } finally {
    await admin.close();
  }
}

interface RootRange {
  readonly root: string;
  readonly topic: string;
  readonly first: bigint;
  readonly end: bigint;
}

interface Reading {
  readonly ranges: readonly RootRange[];
  readonly partition: number;
  readonly entityReplay: EntityReplay;
  readonly budget: Budget;
  readonly signal: AbortSignal;
}

async function readRoots(
  {kafka, clock}: FeatureReplaysOptions,
  {ranges, partition, entityReplay, budget, signal}: Reading,
): Promise<void> {
  const reader = await kafka.openReader();
  const open = new Map(ranges.map((range) => [range.topic, range]));
  try {
    for (const {root, topic, first, end} of ranges) {
      if (first < end) reader.assign(topic, partition, first);
      else {
        entityReplay.end(root);
        open.delete(topic);
      }
    }
    while (open.size > 0) {
      signal.throwIfAborted();
      for (const batch of await reader.poll(POLL_MS)) {
        const range = open.get(batch.topic);
        if (range === undefined) continue;
        spend(budget, batch.records.length, clock);
        entityReplay.receive(range.root, batch);
        if (batch.nextOffset >= range.end) entityReplay.end(range.root);
      }
      spend(budget, 0, clock);
      for (const [topic, {root}] of open) {
        if (!entityReplay.isOver(root)) continue;
        reader.unassign(topic, partition);
        open.delete(topic);
      }
      // Lets queries and heartbeats through.
      await sleep(0);
    }
  } finally {
    await reader.close();
  }
}

/** The marks of idle advances, which the task keeps in its changelog. */
async function readAdvances(
  options: FeatureReplaysOptions,
  {group, entity, signal}: Replayed,
  {admin, budget}: {readonly admin: TopicAdmin; readonly budget: Budget},
) {
  const topic = options.names.changelog(group.name);
  const partition = partitionOf(utf8(entity), group.partitions);
  const from = await admin.earliestOffset(topic, partition);
  const until = await admin.stableEndOffset(topic, partition);
  const store = new MemoryKeyedStore({name: ADVANCES_STORE, codec: advanceCodec});
  await replay({...options, topic, partition, from, until, signal}, ({key, value}) => {
    spend(budget, 1, options.clock);
    if (key === null) return;
    const name = decodeChangelogKey(key);
    if (name.kind === 'entry' && name.store === ADVANCES_STORE)
      store.restore({at: name.at, key: name.key, value});
  });
  return Object.fromEntries(group.roots.map(({name}) => [name, store.committedOf(name)]));
}

function spend(budget: Budget, records: number, clock: Clock): void {
  budget.records -= records;
  const passed =
    budget.records < 0
      ? `${MAX_REPLAY_RECORDS} records (MAX_REPLAY_RECORDS)`
      : clock.nowMs() > budget.untilMs
        ? `${MAX_REPLAY_MS} ms (MAX_REPLAY_MS)`
        : undefined;
  if (passed === undefined) return;
  const detail = `reading the log of the entity's partition again takes more than ${passed}; ask for an earlier time, or read the results topics`;
  throw new QueryFailed({code: 'replay-too-long', detail});
}
