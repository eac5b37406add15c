import {setTimeout as delay} from 'node:timers/promises';
import {backoffMs} from '../../src/lib/backoff.ts';

const REQUEST_DEADLINE_MS = 30_000;
const FIRST_WAIT_MS = 200;
const MAX_WAIT_MS = 10_000;
/** Statuses after which the same request is sent again. */
const RETRYABLE = new Set([409, 429, 500, 502, 503, 504]);
/** Some of a batch could not be stored: the whole is sent again, and what was stored answers as a duplicate. */
const PARTLY_STORED = 207;

export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * Sends the same request until the gateway has taken or refused it, as a good sender does: it waits as long as
 * `Retry-After` says, and longer each time when there is no answer at all. The request carries an id of its own
 * (Idempotency-Key or delivery id), so sending it again never stores it twice. Rejects when `signal` is aborted.
 */
export async function postUntilAnswered(post: Post, signal: AbortSignal): Promise<Answer> {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await postOnce(post, signal);
    if (answer !== undefined && !shouldRetry(answer)) return answer;
    const backoff = {firstMs: FIRST_WAIT_MS, maxMs: MAX_WAIT_MS, random: Math.random};
    const waitMs = answer?.retryAfterMs ?? backoffMs(attempt, backoff);
    await delay(Math.min(waitMs, MAX_WAIT_MS), undefined, {signal});
  }
}

interface FirstAnswer extends Answer {
  readonly retryAfterMs: number | undefined;
}

async function postOnce(post: Post, signal: AbortSignal): Promise<FirstAnswer | undefined> {
  try {
    const answer = await fetch(post.url, {
      method: 'POST',
      headers: post.headers,
      body: post.body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_DEADLINE_MS)]),
    });
    const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN);
    return {
      status: answer.status,
      body: await answer.text(),
      retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : undefined,
    };
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

function shouldRetry({status, body}: Answer): boolean {
  if (status === PARTLY_STORED) return ((JSON.parse(body) as {retry?: number}).retry ?? 0) > 0;
  return RETRYABLE.has(status);
}
