import type {TaskGroup, Topology} from '../../src/define/topology.ts';
import {taskName} from './task-name.ts';

export interface TaskPlace {
  readonly task: string;
  readonly group: TaskGroup;
  readonly partition: number;
}

/** Every task of a topology, in the order of its groups. */
export function tasksOf({groups}: Topology): readonly TaskPlace[] {
  return groups.flatMap((group) =>
    Array.from({length: group.partitions}, (_, partition) => ({
      task: taskName(group, partition),
      group,
      partition,
    })),
  );
}
