import type {Pipeline} from '../src/define/pipeline.ts';
import type {ProcessorStatus} from '../src/protocol/status.ts';

export type ProcessorTask = ProcessorStatus['tasks'][number];

/** A partition that some view reads, so that some replica has to process it. */
export interface ViewedPartition {
  /** `<stream>/<partition>` */
  readonly name: string;
  readonly stream: string;
  /** Of the replica that has it; `null` when none says so. */
  readonly task: ProcessorTask | null;
}

/** Every viewed partition of the definition once, whatever the replicas say they have. */
export function viewedPartitions(
  {streams, views}: Pick<Pipeline, 'streams' | 'views'>,
  processors: readonly ProcessorStatus[],
): readonly ViewedPartition[] {
  const claims = Map.groupBy(
    processors.flatMap(({tasks}) => tasks),
    ({stream, partition}) => `${stream}/${partition}`,
  );
  return streams
    .filter(({name}) => views.some(({stream}) => stream.name === name))
    .flatMap(({name: stream, partitions}) =>
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
