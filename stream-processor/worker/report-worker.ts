import {performance} from 'node:perf_hooks';
import {getHeapStatistics} from 'node:v8';
import type {Topology} from '../../src/define/topology.ts';
import type {InputWatch} from '../task/input-watch.ts';
import type {ProcessorMetrics} from '../status/processor-metrics.ts';
import {taskStatus} from '../status/task-status.ts';
import type {Task} from '../task/task.ts';
import type {TaskSet} from './task-set.ts';
import type {WorkerReport} from './worker-report.ts';

export interface ReportWorkerOptions {
  readonly worker: number;
  readonly tasks: TaskSet<Task>;
  readonly topology: Topology;
  readonly metrics: ProcessorMetrics;
  readonly watch: InputWatch;
}

/** What this worker has to say of itself now; heap and busy time are those of its thread. */
export function reportWorker(options: ReportWorkerOptions): WorkerReport {
  const {worker, tasks, topology, metrics, watch} = options;
  const roots = topology.groups.flatMap((group) => group.roots);
  const recordsOf = (some: typeof roots) =>
    some.reduce((total, {name}) => total + metrics.records.value({stream: name}), 0);
  const {owned} = tasks;
  return {
    tasks: owned.flatMap(taskStatus).map((status) => ({...status, worker})),
    worker: {
      worker,
      tasks: owned.length,
      standbys: tasks.standbys,
      records: recordsOf(roots),
      stateEntries: owned.reduce((sum, {progress}) => sum + (progress?.stateEntries ?? 0), 0),
      heapBytes: getHeapStatistics().used_heap_size,
      busyMs: performance.eventLoopUtilization().active,
    },
    appliedRecords: recordsOf(roots.filter(({kind}) => kind === 'stream')),
    kafkaProblem: watch.problem,
  };
}
