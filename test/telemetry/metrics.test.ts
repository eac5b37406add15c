import {expect, test} from 'vitest';
import {Counter, Gauge, Histogram, prometheusText} from '../../src/telemetry/metrics.ts';

test('metrics are written in Prometheus’ text format', () => {
  const events = new Counter('gateway_events_total', 'Events by outcome.');
  events.add(2, {stream: 'a"b', outcome: 'accepted'});
  events.add(1, {stream: 'a"b', outcome: 'accepted'});
  const backlog = new Gauge('buffer_records', 'Records waiting.', () => [[{shard: 's/0'}, 7]]);
  const durations = new Histogram('request_duration_seconds', 'Requests.', [0.1, 1]);
  for (const seconds of [0.05, 0.5, 5]) durations.observe(seconds);

  expect(prometheusText([events, backlog, durations])).toBe(
    [
      '# HELP gateway_events_total Events by outcome.',
      '# TYPE gateway_events_total counter',
      'gateway_events_total{stream="a\\"b",outcome="accepted"} 3',
      '',
      '# HELP buffer_records Records waiting.',
      '# TYPE buffer_records gauge',
      'buffer_records{shard="s/0"} 7',
      '',
      '# HELP request_duration_seconds Requests.',
      '# TYPE request_duration_seconds histogram',
      'request_duration_seconds_bucket{le="0.1"} 1',
      'request_duration_seconds_bucket{le="1"} 2',
      'request_duration_seconds_bucket{le="+Inf"} 3',
      'request_duration_seconds_sum 5.55',
      'request_duration_seconds_count 3',
      '',
    ].join('\n'),
  );
});
