import {Counter, Histogram, prometheusText} from '../../src/telemetry/metrics.ts';
import {OUTCOMES} from '../../src/telemetry/outcome.ts';
import type {Outcome} from '../../src/telemetry/outcome.ts';
import {Problem, PROBLEMS} from '../answer/problem.ts';
import type {Fate} from '../answer/fate.ts';

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
  readonly quotaFallbacks = new Counter(
    'gateway_quota_fallback_events_total',
    'Events let in by this isolate alone, because the object of their quota did not answer.',
  );
  readonly #durations = new Histogram(
    'gateway_request_duration_seconds',
    'From the request to its answer.',
  );

  /** Per stream and outcome, not in #events yet: writing labels for every request would be a good part of its cost. */
  readonly #tallies = new Map<string, Map<Outcome, number>>();

  countFates(stream: string, fates: readonly Fate[]): void {
    for (const {status} of fates) this.#count(stream, OUTCOME_OF[status]);
  }

  /** A request that failed as a whole counts as one event: how many it held is often not known. */
  countFailure(stream: string, error: unknown): void {
    this.#count(stream, outcomeOf(error));
  }

  observeSeconds(seconds: number): void {
    this.#durations.observe(seconds);
  }

  text(): string {
    this.#sumUp();
    return prometheusText([this.#events, this.quotaFallbacks, this.#durations]);
  }

  /** Per stream, every outcome and its count. */
  outcomes(streams: Iterable<string>): Readonly<Record<string, Record<Outcome, number>>> {
    this.#sumUp();
    return Object.fromEntries(
      Array.from(streams, (stream) => [
        stream,
        Object.fromEntries(
          OUTCOMES.map((outcome) => [outcome, this.#events.value({stream, outcome})]),
        ) as Record<Outcome, number>,
      ]),
    );
  }

  #count(stream: string, outcome: Outcome): void {
    let tally = this.#tallies.get(stream);
    if (tally === undefined) {
      tally = new Map();
      this.#tallies.set(stream, tally);
    }
    tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
  }

  #sumUp(): void {
    for (const [stream, tally] of this.#tallies)
      for (const [outcome, count] of tally) this.#events.add(count, {stream, outcome});
    this.#tallies.clear();
  }
}

function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof Problem)) return 'unavailable';
  const [status] = PROBLEMS[error.code];
  return status === 429 ? 'limited' : status === 503 ? 'unavailable' : 'refused';
}
