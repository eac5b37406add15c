import {expect, test} from 'vitest';
import {mergeMetrics} from '../../../stream-processor/status/merge-metrics.ts';
import {Counter, Gauge, Histogram, prometheusText} from '../../../src/telemetry/metrics.ts';

function textOf(worker: number): string {
  const records = new Counter('records_total', 'Records');
  records.add(10 * worker, {stream: 'a b "c"'});
  records.add(1, {stream: `of ${worker}`});
  const duration = new Histogram('duration_seconds', 'Durations', [0.1, 1]);
  duration.observe(worker, {step: 'x'});
  const lag = new Gauge('lag', 'Lag', () => [[{partition: String(worker)}, worker]]);
  return prometheusText([records, duration, lag]);
}

test('the metrics of several workers are one text, in which each series is once and has the sum', () => {
  expect(mergeMetrics([textOf(1), textOf(2)]).split('\n')).toEqual([
    '# HELP records_total Records',
    '# TYPE records_total counter',
    'records_total{stream="a b \\"c\\""} 30',
    'records_total{stream="of 1"} 1',
    'records_total{stream="of 2"} 1',
    '',
    '# HELP duration_seconds Durations',
    '# TYPE duration_seconds histogram',
    'duration_seconds_bucket{step="x",le="0.1"} 0',
    'duration_seconds_bucket{step="x",le="1"} 1',
    'duration_seconds_bucket{step="x",le="+Inf"} 2',
    'duration_seconds_sum{step="x"} 3',
    'duration_seconds_count{step="x"} 2',
    '',
    '# HELP lag Lag',
    '# TYPE lag gauge',
    'lag{partition="1"} 1',
    'lag{partition="2"} 2',
    '',
  ]);
});

test('the metrics of one worker stay what they are', () => {
  expect(mergeMetrics([textOf(1)])).toBe(textOf(1));
});
