import type {Pipeline} from '../src/define/pipeline.ts';
import {topologyOf} from '../src/define/topology.ts';
import type {ProcessorStatus} from '../src/protocol/status.ts';

export type ProcessorTask = ProcessorStatus['tasks'][number];

/** A partition that some view reads, so that some replica has to process it. */
export interface ViewedPartition {
  /** `<root>/<partition>` */
  readonly name: string;
  /** Of the root: a stream's, or a repartition topic's. */
  readonly stream: string;
  /** Of the replica that has it; `null` when none says so. */
  readonly task: ProcessorTask | null;
}

/** Every partition that some task reads once, those of repartition topics too, whatever the replicas say they have. */
export function viewedPartitions(
  pipeline: Pick<Pipeline, 'views'>,
  processors: readonly ProcessorStatus[],
): readonly ViewedPartition[] {
  const claims = Map.groupBy(
    processors.flatMap(({tasks}) => tasks),
    ({stream, partition}) => `${stream}/${partition}`,
  );
  const roots = topologyOf(pipeline).groups.flatMap((group) => group.roots);
  return roots.flatMap(({name: stream, partitions}) =>
    Array.from({length: partitions}, (_, partition) => {
      const name = `${stream}/${partition}`;
      return {name, stream, task: ownerAmong(claims.get(name) ?? [])};
    }),
  );
}

/** While ownership moves two replicas may claim a partition: the one that runs has it, and the one further on. */
function ownerAmong(claims: readonly ProcessorTask[]): ProcessorTask | null {
  const [first] = [...claims].sort(
    (a, b) =>
      Number(b.state === 'running') - Number(a.state === 'running') ||
      (b.committedOffset ?? -1) - (a.committedOffset ?? -1),
  );
  return first ?? null;
}
