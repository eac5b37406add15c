import {Counter, Histogram, prometheusText} from '../../src/telemetry/metrics.ts';
import {OUTCOMES} from '../../src/telemetry/outcome.ts';
import type {Outcome} from '../../src/telemetry/outcome.ts';
import {Problem, PROBLEMS} from '../answer/problem.ts';
import type {Fate} from '../accept/fate.ts';

const OUTCOME_OF: Readonly<Record<Fate['status'], Outcome>> = {
  accepted: 'accepted',
  duplicate: 'duplicate',
  rejected: 'rejected',
  quarantined: 'quarantined',
  retry: 'unavailable',
};

/** Counts of this isolate since it began; Cloudflare runs many, a self-hosted gateway one. */
export class GatewayMetrics {
  readonly #events = new Counter(
    'gateway_events_total',
    'Events received, by their one outcome; a refused request counts as one event.',
  );
  readonly #durations = new Histogram(
    'gateway_request_duration_seconds',
    'From the request to its answer.',
  );

  countFates(stream: string, fates: readonly Fate[]): void {
    const counts = new Map<Outcome, number>();
    for (const {status} of fates) {
      const outcome = OUTCOME_OF[status];
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    }
    for (const [outcome, count] of counts) this.#events.add(count, {stream, outcome});
  }

  /** A request that failed as a whole counts as one event: how many it held is often not known. */
  countFailure(stream: string, error: unknown): void {
    this.#events.add(1, {stream, outcome: outcomeOf(error)});
  }

  observeSeconds(seconds: number): void {
    this.#durations.observe(seconds);
  }

  text(): string {
    return prometheusText([this.#events, this.#durations]);
  }

  /** Per stream, every outcome and its count. */
  outcomes(streams: Iterable<string>): Readonly<Record<string, Record<Outcome, number>>> {
    return Object.fromEntries(
      Array.from(streams, (stream) => [
        stream,
        Object.fromEntries(
          OUTCOMES.map((outcome) => [outcome, this.#events.value({stream, outcome})]),
        ) as Record<Outcome, number>,
      ]),
    );
  }
}

function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof Problem)) return 'unavailable';
  const [status] = PROBLEMS[error.code];
  return status === 429 ? 'limited' : status === 503 ? 'unavailable' : 'refused';
}
