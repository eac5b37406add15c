import type {Pipeline} from '../src/define/pipeline.ts';
import {rejectedStreamOf} from '../src/record/shard.ts';
import type {
  DrainStatus,
  ProcessorStatus,
  ShardStatus,
  StatusDocument,
} from '../src/protocol/status.ts';
import type {Layers} from './collect-layers.ts';
import {
  appendedRecords,
  bufferLag,
  drainLag,
  drainPositions,
  processorLag,
  resultLag,
  sum,
  unapplied,
  unappliedRecords,
  type ShardPosition,
  type StageLag,
} from './measure-stages.ts';
import {findProblems} from './find-problems.ts';
import {perStage, type StageCounts, type StageRates} from './stage-rates.ts';
import {verdictOf} from './verdict.ts';
import {reachOf} from '../src/define/reach.ts';
import {viewedPartitions, type ViewedPartition} from './viewed-partitions.ts';

export interface StatusInput {
  readonly layers: Layers;
  readonly nowMs: number;
  readonly pipeline: Pipeline;
  readonly version: string;
  readonly rates: StageRates;
}

/** All layers' answers as one document. */
export function statusDocument({
  layers,
  nowMs,
  pipeline,
  version,
  rates,
}: StatusInput): StatusDocument {
  const positions = layers.drains === null ? null : drainPositions(layers.drains);
  const viewed = viewedPartitions(pipeline, layers.processors ?? []);
  const lags = lagsOf({layers, positions, partitions: viewed, nowMs});
  const problems = findProblems({layers, pipeline, partitions: viewed});
  const speeds = rates.look(countsOf(layers, lags), nowMs);
  const stages = perStage((name) => {
    const lag = lags[name];
    return lag === null ? null : {rate: speeds[name].rate, ...lag};
  });
  const self = {
    part: 'console',
    replica: 'console',
    version,
    pipeline: pipeline.fingerprint,
  } as const;
  return {
    verdict: verdictOf({stages, rates: speeds, unreachable: layers.unreachable, problems}),
    problems: [...problems],
    at: nowMs,
    pipeline: {name: pipeline.name, fingerprint: pipeline.fingerprint},
    stages,
    shards: (layers.gateway?.shards ?? []).map((shard) =>
      withDrain(shard, positions?.get(shard.shard)),
    ),
    partitions: (layers.processors ?? []).flatMap(partitionsOf),
    streams: pipeline.streams.map(({name, owner, description, partitions}) => ({
      name,
      owner,
      description,
      partitions,
      views: viewsOver(name, pipeline),
      ...waitingOf(name, layers, viewed),
    })),
    versions: [
      ...gatewayVersion(layers.gateway),
      ...(layers.drains ?? []).map((drain) => versionOf('drain', drain)),
      ...(layers.processors ?? []).map((processor) => versionOf('processor', processor)),
      self,
    ],
    lastErrors: lastErrorsOf(layers),
  };
}

type Lags = Readonly<Record<keyof StatusDocument['stages'], StageLag | null>>;

interface LagsInput {
  readonly layers: Layers;
  readonly positions: ReadonlyMap<string, ShardPosition> | null;
  readonly partitions: readonly ViewedPartition[];
  readonly nowMs: number;
}

/** The buffer's lag needs both ends of it: what is stored, and what the drain has. */
function lagsOf({layers: {gateway, processors}, positions, partitions, nowMs}: LagsInput): Lags {
  const shards = gateway?.shards ?? [];
  return {
    buffer: gateway === null || positions === null ? null : bufferLag(shards, positions),
    drain: positions === null ? null : drainLag({positions, shards, nowMs}),
    processor: processors === null ? null : processorLag(partitions, nowMs),
    result: processors === null ? null : resultLag(processors, nowMs),
  };
}

function countsOf({gateway, drains, processors}: Layers, lags: Lags): StageCounts {
  const applied = sum((processors ?? []).map(({appliedRecords}) => appliedRecords));
  const totals = {
    buffer: appendedRecords(gateway?.shards ?? []),
    drain: sum((drains ?? []).map(({committedRecords}) => committedRecords)),
    processor: applied,
    result: applied - (lags.result?.lagRecords ?? 0),
  };
  return perStage((name) => {
    const lag = lags[name];
    return lag === null ? null : {total: totals[name], lagRecords: lag.lagRecords};
  });
}

function withDrain(
  shard: ShardStatus,
  position: ShardPosition | undefined,
): StatusDocument['shards'][number] {
  return {
    ...shard,
    receivedSeq: position?.receivedSeq ?? null,
    committedSeq: position?.committedSeq ?? null,
    drainReplica: position?.replica ?? null,
  };
}

/** Also those that read it as the right side of a join, as a step or as a table. */
function viewsOver(stream: string, {views}: Pipeline): string[] {
  return views
    .filter((view) => [...reachOf([view]).streams].some(({name}) => name === stream))
    .map(({name}) => name);
}

function partitionsOf({replica, tasks}: ProcessorStatus): StatusDocument['partitions'] {
  return tasks.map((task) => ({...task, replica, lagRecords: unapplied(task)}));
}

function waitingOf(
  stream: string,
  {gateway, processors}: Layers,
  partitions: readonly ViewedPartition[],
) {
  const own = new Set([stream, rejectedStreamOf(stream)]);
  const buffered = gateway?.shards.filter(({shard}) => own.has(shard.split('/')[0] ?? ''));
  const viewed = partitions.filter((partition) => partition.stream === stream);
  return {
    bufferedRecords: buffered === undefined ? null : sum(buffered.map(({records}) => records)),
    unappliedRecords: processors === null || viewed.length === 0 ? null : unappliedRecords(viewed),
  };
}

/** One that is too old to tell is not listed. */
function gatewayVersion(gateway: Layers['gateway']): StatusDocument['versions'] {
  const {version, pipeline} = gateway ?? {};
  if (version === undefined || pipeline === undefined) return [];
  return [{part: 'gateway', replica: 'gateway', version, pipeline}];
}

function versionOf(part: 'drain' | 'processor', status: DrainStatus | ProcessorStatus) {
  const {replica, version, pipeline} = status;
  return {part, replica, version, pipeline};
}

function lastErrorsOf({drains, processors, unreachable}: Layers): StatusDocument['lastErrors'] {
  const reported = [
    ...(drains ?? []).map((status) => ({part: 'drain' as const, ...status})),
    ...(processors ?? []).map((status) => ({part: 'processor' as const, ...status})),
  ].flatMap(({part, replica, lastError}) =>
    lastError === null ? [] : [{part, replica, message: lastError}],
  );
  const silent = unreachable.map(({part, url, reason}) => ({
    part,
    replica: url,
    message: `does not answer: ${reason}`,
  }));
  return [...silent, ...reported];
}
