import {expect, test} from 'vitest';
import {topologyOf} from '../../../src/define/topology.ts';
import {ProcessorStatus} from '../../../src/protocol/status.ts';
import {RestoreProgress} from '../../../stream-processor/restore/restore-progress.ts';
import {taskStatus} from '../../../stream-processor/status/task-status.ts';
import type {Task} from '../../../stream-processor/task/task.ts';
import definition from '../support/pipeline.ts';

test('a task that restores says how far it is in a way that a console can read', () => {
  const log = {info: () => {}, warn: () => {}, error: () => {}};
  const restoring = new RestoreProgress({task: 'readings.0', clock: {nowMs: () => 0}, log});
  restoring.begin(10);
  restoring.add();
  const [group] = topologyOf(definition).groups;
  const task = {
    unit: {group, partition: 0},
    state: 'restoring',
    progress: undefined,
    restoring,
    stableEndOffset: () => undefined,
    lastError: null,
  } as unknown as Task;
  const told: unknown = JSON.parse(JSON.stringify(taskStatus(task)[0]));
  expect(ProcessorStatus.shape.tasks.element.parse(told).restoring).toEqual({read: 1, of: 10});
});
