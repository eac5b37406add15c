import {Gauge} from '../../src/telemetry/metrics.ts';

/** Under Prometheus' own name for it. */
export function cpuGauge(read: () => {readonly user: number; readonly system: number}): Gauge {
  return new Gauge('process_cpu_seconds_total', 'User and system CPU time of this process', () => {
    const {user, system} = read();
    return [[{}, (user + system) / 1e6]];
  });
}
