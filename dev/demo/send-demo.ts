import {setTimeout as delay} from 'node:timers/promises';
import type {DemoPosition} from './demo-position.ts';
import {githubDeliveries} from './github-deliveries.ts';
import {postUntilAnswered, type Answer} from './post-until-answered.ts';
import {weatherSteps, type WeatherReading} from './weather-readings.ts';

/** Sent at once at the very first start, so that there is something to see: ten days of hours. */
export const BURST_STEPS = 240;
const BATCH_STEPS = 60;
export const BURST_DELIVERIES = 60;
/** Then one hour of weather, and one delivery, a second. */
const PACE_MS = 1_000;

export interface DemoOptions {
  readonly gatewayUrl: string;
  /** Ingest key for `readings`; without one no weather is sent. */
  readonly key: string | undefined;
  /** What GitHub's deliveries are signed with; without one none is sent. */
  readonly githubSecret: string | undefined;
  readonly position: DemoPosition;
  readonly onLine: (line: string) => void;
  /** Ends the demo; it then resolves. */
  readonly signal: AbortSignal;
  readonly paceMs?: number;
}

/** Sends real input at a watchable pace until it has all been sent or `signal` is aborted. */
export async function sendDemo(options: DemoOptions): Promise<void> {
  try {
    await Promise.all([sendWeather(options), sendDeliveries(options)]);
  } catch (error) {
    if (!options.signal.aborted) throw error;
  }
}

async function sendWeather(options: DemoOptions): Promise<void> {
  const {key, position, signal} = options;
  if (key === undefined) return;
  let batch: WeatherReading[] = [];
  let first = position.weatherSteps;
  let next = first;
  // Batches end at fixed steps, wherever a start begins: the same Idempotency-Key always means the same readings.
  for await (const step of weatherSteps(first)) {
    batch.push(...step);
    next += 1;
    const isBurst = next <= BURST_STEPS;
    if (isBurst && next % BATCH_STEPS !== 0) continue;
    const answer = await postUntilAnswered(
      {
        url: `${options.gatewayUrl}/v1/streams/readings`,
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${key}`,
          'idempotency-key': `demo-weather-${first}-${next}`,
        },
        body: JSON.stringify(batch),
      },
      signal,
    );
    reportRefusal(`readings ${first} to ${next}`, answer, options);
    position.set({weatherSteps: next});
    batch = [];
    first = next;
    if (!isBurst) await delay(options.paceMs ?? PACE_MS, undefined, {signal});
  }
  options.onLine('all weather readings have been sent; start with --fresh to see them again');
}

async function sendDeliveries(options: DemoOptions): Promise<void> {
  const {githubSecret, position, signal} = options;
  if (githubSecret === undefined) return;
  let next = position.deliveries;
  const url = `${options.gatewayUrl}/v1/webhooks/github`;
  for await (const delivery of githubDeliveries(githubSecret, next)) {
    const answer = await postUntilAnswered({url, ...delivery}, signal);
    reportRefusal(`GitHub delivery ${next}`, answer, options);
    next += 1;
    position.set({deliveries: next});
    if (next > BURST_DELIVERIES) await delay(options.paceMs ?? PACE_MS, undefined, {signal});
  }
  options.onLine('all GitHub deliveries have been sent');
}

function reportRefusal(what: string, {status, body}: Answer, {onLine}: DemoOptions): void {
  if (status >= 300 || status === 207) onLine(`${what} answered ${status}: ${body.slice(0, 300)}`);
}
