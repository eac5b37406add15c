import {Counter, Gauge, Histogram} from '../src/telemetry/metrics.ts';

/** What the drain counts; names are part of the outside contract. */
export type DrainMetrics = {
  readonly records: Counter;
  readonly transactions: Counter;
  readonly fenced: Counter;
  readonly produceDuration: Histogram;
  readonly stageLatency: Histogram;
  readonly lag: Gauge;
};

/** `lagSeconds`: age of the oldest record received and not committed, 0 when there is none. */
export function drainMetrics(lagSeconds: () => number): DrainMetrics {
  return {
    records: new Counter('drain_records_total', 'Records committed in Kafka, by stream'),
    transactions: new Counter('drain_transactions_total', 'Kafka transactions, by outcome'),
    fenced: new Counter('drain_fenced_total', 'Times a task lost its claim to a newer owner'),
    produceDuration: new Histogram(
      'drain_produce_duration_seconds',
      'From handing a batch to the Kafka client to its outcome',
    ),
    stageLatency: new Histogram(
      'stage_latency_seconds',
      'From a record’s received time to the commit of this stage’s work on it; per commit, of its oldest record',
    ),
    lag: new Gauge(
      'drain_lag_seconds',
      'Age of the oldest record received and not committed',
      () => [[{}, lagSeconds()]],
    ),
  };
}
