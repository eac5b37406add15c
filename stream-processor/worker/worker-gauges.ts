import {Gauge} from '../../src/telemetry/metrics.ts';
import type {WorkerReport} from './worker-report.ts';

/** How work and state are spread over the worker threads. */
export function workerGauges(read: () => WorkerReport['worker']): readonly Gauge[] {
  const gauge = (name: string, help: string, value: (of: WorkerReport['worker']) => number) =>
    new Gauge(`processor_worker_${name}`, help, () => {
      const of = read();
      return [[{worker: String(of.worker)}, value(of)]];
    });
  return [
    gauge('records_total', 'Records applied by a worker thread', ({records}) => records),
    gauge('tasks', 'Tasks that a worker thread owns', ({tasks}) => tasks),
    gauge('standbys', 'Tasks of others that a worker thread follows', ({standbys}) => standbys),
    gauge('state_entries', 'Entries in the stores of a worker thread', (of) => of.stateEntries),
    gauge('heap_bytes', 'JavaScript heap in use by a worker thread', ({heapBytes}) => heapBytes),
    gauge(
      'busy_seconds_total',
      'Time a worker thread was not waiting; its rate is the share of a core it takes',
      ({busyMs}) => busyMs / 1_000,
    ),
  ];
}
