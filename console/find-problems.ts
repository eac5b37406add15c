/**
 * What no lag tells: work that stands still, that nobody does, or that is done by another pipeline. One sentence each,
 * the way a record goes: drain, processor, then who runs what.
 */
import type {Pipeline} from '../src/define/pipeline.ts';
import type {DrainShardStatus, DrainStatus} from '../src/protocol/status.ts';
import {shardsOf} from '../src/record/shard.ts';
import type {Layers} from './collect-layers.ts';
import {unreceivedRecords} from './measure-stages.ts';
import type {ViewedPartition} from './viewed-partitions.ts';

/** A layer that did not answer has no problems here: it is unreachable. */
export function findProblems({layers, pipeline, partitions}: ProblemsInput): readonly string[] {
  return [
    ...(layers.drains === null ? [] : drainProblems(pipeline, layers.drains, layers.gateway)),
    ...(layers.processors === null ? [] : processorProblems(partitions, layers.processors)),
    ...pipelineProblems(layers, pipeline),
  ];
}

export interface ProblemsInput {
  readonly layers: Layers;
  readonly pipeline: Pipeline;
  readonly partitions: readonly ViewedPartition[];
}

interface ShardClaim {
  readonly state: DrainStatus['tasks'][number]['state'];
  readonly status: DrainShardStatus;
  readonly lastError: string | null;
}

function drainProblems(
  pipeline: Pipeline,
  drains: readonly DrainStatus[],
  gateway: Layers['gateway'],
): readonly string[] {
  const claims = Map.groupBy(drains.flatMap(claimsOf), ({status}) => status.shard);
  const shards = new Map(gateway?.shards.map((shard) => [shard.shard, shard]));
  return shardsOf(pipeline).flatMap(({name}) => {
    const all = claims.get(name) ?? [];
    const claim = all.find(({state}) => state === 'draining') ?? all[0];
    if (claim === undefined) return `drain: nobody drains ${name}`;
    const {state, status, lastError} = claim;
    if (state !== 'draining') return `drain: ${name} is ${state}${because(lastError)}`;
    const shard = shards.get(name);
    // An idle link is opened anew now and then, so one that is down matters only when something waits behind it.
    const isCutOff =
      !status.connected && shard !== undefined && unreceivedRecords(shard, status) > 0;
    return isCutOff ? `drain: ${name} is not connected${because(lastError)}` : [];
  });
}

function claimsOf({tasks, lastError}: DrainStatus): readonly ShardClaim[] {
  return tasks.flatMap(({state, shards}) => shards.map((status) => ({state, status, lastError})));
}

function processorProblems(
  partitions: readonly ViewedPartition[],
  processors: NonNullable<Layers['processors']>,
): readonly string[] {
  const ofPartitions = partitions.flatMap(({name, task}) => {
    if (task === null) return `processor: nobody owns ${name}`;
    const {state, lastError} = task;
    if (state !== 'running') return `processor: ${name} is ${state}${because(lastError)}`;
    return lastError === null ? [] : `processor: ${name} tries again${because(lastError)}`;
  });
  const ofReplicas = processors.flatMap(({replica, tasks, lastError}) =>
    lastError === null || tasks.some((task) => task.lastError !== null)
      ? []
      : `processor: ${replica}${because(lastError)}`,
  );
  return [...ofPartitions, ...ofReplicas];
}

function pipelineProblems(
  {gateway, drains, processors}: Layers,
  {fingerprint}: Pipeline,
): readonly string[] {
  const others = [
    {name: 'gateway', pipeline: gateway?.pipeline ?? fingerprint},
    ...(drains ?? []).map(({replica, pipeline}) => ({name: `drain ${replica}`, pipeline})),
    ...(processors ?? []).map(({replica, pipeline}) => ({name: `processor ${replica}`, pipeline})),
  ].filter(({pipeline}) => pipeline !== fingerprint);
  return others.map(
    ({name, pipeline}) => `${name} runs pipeline ${pipeline}, the console runs ${fingerprint}`,
  );
}

function because(reason: string | null): string {
  return reason === null ? '' : `: ${reason}`;
}
