import {Counter, Histogram} from '../../src/telemetry/metrics.ts';

/** What tasks count; gauges are read from the tasks, see status.ts. */
export interface ProcessorMetrics {
  readonly records: Counter;
  readonly invalid: Counter;
  readonly late: Counter;
  readonly duplicates: Counter;
  readonly holes: Counter;
  readonly commitDuration: Histogram;
  readonly restoreDuration: Histogram;
  readonly stageLatency: Histogram;
}

export function processorMetrics(): ProcessorMetrics {
  return {
    records: new Counter('processor_records_total', 'Records applied, by stream'),
    invalid: new Counter(
      'processor_invalid_records_total',
      'Records left out because they do not fit the stream’s schema or a function of the definition threw',
    ),
    late: new Counter('processor_late_records_total', 'Records written to a view’s late topic'),
    duplicates: new Counter(
      'processor_duplicate_records_total',
      'Records dropped because their shard’s seq was applied before',
    ),
    holes: new Counter(
      'processor_holes_total',
      'Times a shard’s seq jumped: records were lost before they came here',
    ),
    commitDuration: new Histogram(
      'processor_commit_duration_seconds',
      'From the start of a transaction to its outcome',
    ),
    restoreDuration: new Histogram(
      'processor_restore_duration_seconds',
      'From the fence to the first poll of the input',
    ),
    stageLatency: new Histogram(
      'stage_latency_seconds',
      'From a record’s received time to the commit of this stage’s work on it; per commit, of its oldest record',
    ),
  };
}

/** Per commit, of its oldest record. Not below zero: the gateway's clock may be ahead of this one. */
export function observeLatency({stageLatency}: ProcessorMetrics, latencyMs: number): void {
  stageLatency.observe(Math.max(0, latencyMs) / 1_000, {stage: 'processor'});
}
