import type {ProcessorStatus} from '../../src/protocol/status.ts';
import {prometheusText, type Gauge} from '../../src/telemetry/metrics.ts';
import type {Supervisor} from '../supervisor.ts';
import {mergeMetrics} from './merge-metrics.ts';
import type {WorkerPool} from '../worker/worker-pool.ts';
import type {WorkerReport} from '../worker/worker-report.ts';

export interface ReplicaReportOptions {
  readonly supervisor: Pick<Supervisor, 'notReadyReason' | 'note'>;
  /** `undefined` until the workers are started. */
  readonly pool: () => Pick<WorkerPool, 'ask'> | undefined;
  /** Of the whole process. */
  readonly gauges: readonly Gauge[];
  readonly head: Pick<ProcessorStatus, 'replica' | 'version' | 'pipeline'>;
}

/** What this replica says of itself, gathered from its workers. */
export class ReplicaReport {
  readonly #options: ReplicaReportOptions;
  /** By worker: what it said last. Without that of one that is too busy to answer, counters would go down. */
  readonly #metrics = new Map<number, string>();

  constructor(options: ReplicaReportOptions) {
    this.#options = options;
  }

  async status(): Promise<ProcessorStatus> {
    const {reports, silence} = await this.#reports();
    const tasks = reports.flatMap((report) => report.tasks);
    return {
      ...this.#options.head,
      tasks,
      workers: reports.map(({worker}) => worker),
      appliedRecords: reports.reduce((total, report) => total + report.appliedRecords, 0),
      note: this.#options.supervisor.note,
      lastError:
        tasks.find(({lastError}) => lastError !== null)?.lastError ??
        kafkaProblem(reports) ??
        silence,
    };
  }

  async metrics(): Promise<string> {
    const texts = (await this.#options.pool()?.ask('/metrics')) ?? [];
    for (const [worker, text] of texts.entries())
      if (text !== undefined) this.#metrics.set(worker, text);
    return mergeMetrics([...this.#metrics.values(), prometheusText(this.#options.gauges)]);
  }

  /** Why this replica cannot do its work, in words; `null` when it can. */
  async notReadyReason(): Promise<string | null> {
    const {notReadyReason} = this.#options.supervisor;
    if (notReadyReason !== null) return notReadyReason;
    const {reports, silence} = await this.#reports();
    return silence ?? kafkaProblem(reports) ?? taskProblem(reports.flatMap(({tasks}) => tasks));
  }

  /** Of the workers that answer; `silence` names the first that does not. */
  async #reports(): Promise<{
    readonly reports: readonly WorkerReport[];
    readonly silence: string | null;
  }> {
    const texts = (await this.#options.pool()?.ask('/report')) ?? [];
    const silent = texts.indexOf(undefined);
    return {
      reports: texts.flatMap((text) =>
        text === undefined ? [] : [JSON.parse(text) as WorkerReport],
      ),
      silence: silent < 0 ? null : `worker ${silent} does not answer yet`,
    };
  }
}

function kafkaProblem(reports: readonly WorkerReport[]): string | null {
  return reports.find((report) => report.kafkaProblem !== null)?.kafkaProblem ?? null;
}

function taskProblem(tasks: ProcessorStatus['tasks']): string | null {
  const task = tasks.find(({state, lastError}) => state !== 'running' || lastError !== null);
  if (task === undefined) return null;
  const {state, restoring, lastError} = task;
  const progress =
    restoring === null || restoring === undefined ? '' : `, ${restoring.read} of ${restoring.of}`;
  const why = lastError === null ? '' : `: ${lastError}`;
  return `task ${task.task} is ${state}${progress}${why}`;
}
