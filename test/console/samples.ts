import pipeline from '../support/two-streams.ts';
import {shardsOf} from '../../src/record/shard.ts';
import type {
  DrainShardStatus,
  DrainStatus,
  ProcessorStatus,
  ShardStatus,
} from '../../src/protocol/status.ts';

export const NOW_MS = 1_800_000_000_000;

export function shard(fields: Partial<ShardStatus> & {readonly shard: string}): ShardStatus {
  return {
    firstSeq: 1,
    nextSeq: 1,
    records: 0,
    bytes: 0,
    oldestAgeMs: 0,
    drainConnected: true,
    rejectedKept: 0,
    overflowed: 0,
    ...fields,
  };
}

export function drainShard(
  name: string,
  receivedSeq: number | null,
  committedSeq: number | null,
  oldestInFlightMs: number | null = null,
): DrainShardStatus {
  return {shard: name, connected: true, receivedSeq, committedSeq, oldestInFlightMs};
}

export function drain({
  shards = [],
  ...fields
}: Partial<DrainStatus> & {readonly shards?: DrainShardStatus[]}): DrainStatus {
  return {
    replica: 'drain-1',
    version: '1.0.0',
    pipeline: pipeline.fingerprint,
    tasks: [{task: 0, state: 'draining', shards}],
    committedRecords: 0,
    lastError: null,
    ...fields,
  };
}

export function task(
  fields: Partial<ProcessorStatus['tasks'][number]>,
): ProcessorStatus['tasks'][number] {
  return {
    stream: 'readings',
    partition: 0,
    state: 'running',
    appliedOffset: 0,
    committedOffset: 0,
    stableEndOffset: 0,
    appliedReceivedMs: null,
    oldestUncommittedMs: null,
    watermarkMs: null,
    lateRecords: 0,
    openWindows: 0,
    lastError: null,
    ...fields,
  };
}

export function processor(fields: Partial<ProcessorStatus>): ProcessorStatus {
  return {
    replica: 'processor-1',
    version: '1.0.0',
    pipeline: pipeline.fingerprint,
    tasks: [],
    appliedRecords: 0,
    lastError: null,
    ...fields,
  };
}

/** A drain that has all shards, these in place of idle ones. */
export function wholeDrain(shards: readonly DrainShardStatus[] = []): DrainStatus {
  const given = new Map(shards.map((each) => [each.shard, each]));
  return drain({
    shards: shardsOf(pipeline).map(({name}) => given.get(name) ?? drainShard(name, 0, 0)),
  });
}

/** The tasks of a processor that has all viewed partitions, these in place of idle ones. */
export function wholeTasks(
  tasks: readonly ProcessorStatus['tasks'][number][] = [],
): ProcessorStatus['tasks'] {
  return pipeline.streams.flatMap(({name: stream, partitions}) =>
    Array.from({length: partitions}, (_, partition) => {
      const isIt = (each: ProcessorStatus['tasks'][number]) =>
        each.stream === stream && each.partition === partition;
      return tasks.find(isIt) ?? task({stream, partition});
    }),
  );
}
