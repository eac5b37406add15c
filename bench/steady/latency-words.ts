import {percentile} from '../support/http-load.ts';
import {toTenths} from './to-tenths.ts';

/** p50 · p99 · p99.9 */
export function latencyWords(ascendingMs: readonly number[]): string {
  return [0.5, 0.99, 0.999].map((part) => toTenths(percentile(ascendingMs, part))).join(' · ');
}
