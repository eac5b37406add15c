import type {ByteBudget} from './byte-budget.ts';
import {Counter, Gauge, Histogram} from '../src/telemetry/metrics.ts';

/** What the drain counts; names are part of the outside contract. */
export type DrainMetrics = {
  readonly records: Counter;
  readonly deadLetters: Counter;
  readonly transactions: Counter;
  readonly fenced: Counter;
  readonly produceDuration: Histogram;
  readonly stageLatency: Histogram;
  readonly lag: Gauge;
  readonly blocked: Counter;
  readonly held: Gauge;
  readonly heldMax: Gauge;
  readonly memory: Gauge;
};

export interface DrainMetricsOptions {
  /** Age of the oldest record received and not committed, 0 when there is none. */
  readonly lagSeconds: () => number;
  readonly held: ByteBudget;
}

export function drainMetrics({lagSeconds, held}: DrainMetricsOptions): DrainMetrics {
  return {
    records: new Counter('drain_records_total', 'Records committed in Kafka, by stream'),
    deadLetters: new Counter(
      'drain_dead_letters_total',
      'Records their topic did not take, committed to its dead letters, by stream and reason',
    ),
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
    blocked: new Counter(
      'drain_blocked_seconds_total',
      'Seconds tasks waited, summed over tasks: for Kafka with records in hand or no claim yet, or for the gateway with nothing in hand',
    ),
    held: new Gauge('drain_held_bytes', 'Received from shards and not committed', () => [
      [{}, held.usedBytes],
    ]),
    heldMax: new Gauge('drain_held_max_bytes', 'What may be held at most', () => [
      [{}, held.maxBytes],
    ]),
    memory: new Gauge('process_resident_memory_bytes', 'Resident memory of the process', () => [
      [{}, process.memoryUsage.rss()],
    ]),
  };
}

/** Adds to `drain_blocked_seconds_total`; the time is counted when the wait is over. */
export function addBlocked(counter: Counter, on: 'kafka' | 'gateway', waitedMs: number): void {
  // A clock that was set back meanwhile says nothing, and a counter never goes down.
  counter.add(Math.max(0, waitedMs) / 1_000, {on});
}
