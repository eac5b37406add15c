import type {TaskGroup} from '../../src/define/topology.ts';

/** Of partition `partition` of a group, in logs, announcements and file names. */
export function taskName({name}: Pick<TaskGroup, 'name'>, partition: number): string {
  return `${name}.${partition}`;
}
