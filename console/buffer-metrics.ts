import type {ShardStatus} from '../src/protocol/status.ts';
import {Gauge} from '../src/telemetry/metrics.ts';

/** What the gateway's shards hold, for Prometheus: a Durable Object cannot be scraped, so the console tells it. */
export function bufferMetrics(shards: readonly ShardStatus[]): readonly Gauge[] {
  const each = (value: (status: ShardStatus) => number) => () =>
    shards.map((status) => [{shard: status.shard}, value(status)] as const);
  return [
    new Gauge(
      'buffer_records',
      'Records accepted and not yet trimmed, by shard',
      each(({records}) => records),
    ),
    new Gauge(
      'buffer_bytes',
      'Bytes of these records, by shard',
      each(({bytes}) => bytes),
    ),
    new Gauge(
      'buffer_oldest_age_seconds',
      'Age of the oldest of these records, by shard; 0 when there is none',
      each(({oldestAgeMs}) => oldestAgeMs / 1_000),
    ),
  ];
}
