import type {Attachment} from './attachment.ts';
import {IDLE_MS, MIN_SWEEP_MS, SEEN_STEP_MS} from './device-limits.ts';

/** From the upgrade to the CONNECT packet. */
export const CONNECT_MS = 10_000;

/** How long a socket may be silent. */
export function silenceMsOf(attachment: Attachment): number {
  if (attachment.protocol === 'events') return IDLE_MS;
  return attachment.client?.silenceMs ?? CONNECT_MS;
}

/** When silence becomes the end; the last sign of life may be a little newer than what was written down of it. */
export function deadlineMsOf(attachment: Attachment, seenMs = attachment.seenMs): number {
  return seenMs + silenceMsOf(attachment) + SEEN_STEP_MS;
}

/** When to look at all sockets again; `null` when there is none. */
export function nextSweepMs(deadlinesMs: readonly number[], nowMs: number): number | null {
  const earliestMs = deadlinesMs.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  return Number.isFinite(earliestMs) ? Math.max(earliestMs, nowMs + MIN_SWEEP_MS) : null;
}
