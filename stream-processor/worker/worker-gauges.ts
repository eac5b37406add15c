import {Gauge} from '../../src/telemetry/metrics.ts';
import type {WorkerReport} from './worker-report.ts';

/** How work and state are spread over the workers. */
export function workerGauges(read: () => WorkerReport['worker']): readonly Gauge[] {
  const gauge = (name: string, help: string, value: (of: WorkerReport['worker']) => number) =>
    new Gauge(`processor_worker_${name}`, help, () => {
      const of = read();
      return [[{worker: String(of.worker)}, value(of)]];
    });
  return [
    gauge('records_total', 'Records applied by a worker', ({records}) => records),
    gauge('tasks', 'Tasks that a worker owns', ({tasks}) => tasks),
    gauge('standbys', 'Tasks of others that a worker follows', ({standbys}) => standbys),
    gauge('state_entries', 'Entries in the stores of a worker', (of) => of.stateEntries),
    gauge(
      'heap_bytes',
      'JavaScript heap in use by the thread of a worker',
      ({heapBytes}) => heapBytes,
    ),
    gauge(
      'busy_seconds_total',
      'Time the thread of a worker was not waiting; its rate is the share of a core it takes',
      ({busyMs}) => busyMs / 1_000,
    ),
  ];
}
