import type {Quota} from '../../src/define/quota.ts';

/** Below 0 it is in debt: a batch larger than what was left is paid for afterwards. */
export interface TokenBucket {
  readonly tokens: number;
  /** Until when what was earned is counted in; never moves back. */
  readonly atMs: number;
}

export function fullBucket({burst}: Quota, atMs: number): TokenBucket {
  return {tokens: burst, atMs};
}

/** With what it has earned since, never above its burst; a clock that went back earns nothing. */
export function filled({tokens, atMs}: TokenBucket, quota: Quota, nowMs: number): TokenBucket {
  const untilMs = Math.max(atMs, nowMs);
  const earned = ((untilMs - atMs) / 1_000) * quota.eventsPerSecond;
  return {tokens: Math.min(quota.burst, tokens + earned), atMs: untilMs};
}

/** Whether a request may come in: a whole token lets in any batch, or one larger than the burst could never be sent. */
export function hasToken({tokens}: TokenBucket): boolean {
  return tokens >= 1;
}

/** Until it has a whole token again; 0 when it has one. */
export function waitMs({tokens}: TokenBucket, {eventsPerSecond}: Quota): number {
  return Math.max(0, Math.ceil(((1 - tokens) / eventsPerSecond) * 1_000));
}
