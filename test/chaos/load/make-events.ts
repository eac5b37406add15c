import {between} from '../../support/seeded-random.ts';
import type {SentEvent} from '../history/entry.ts';

/** What is sent; `padding` only where a record is to be large. */
export interface LoadEvent extends SentEvent {
  readonly time: number;
  readonly amount: number;
  readonly paddingBytes: number;
}

export interface EventMix {
  readonly invalidShare: number;
  /** Event times a little out of order. */
  readonly disorderShare: number;
  /** Event times far behind: later than any window waits. */
  readonly lateShare: number;
  /** Larger than a narrowed topic takes. */
  readonly largeShare: number;
}

export const DEFAULT_MIX: EventMix = {
  invalidShare: 0.02,
  disorderShare: 0.1,
  lateShare: 0.01,
  largeShare: 0.003,
};

const MAX_AMOUNT = 1_000;
const DISORDER_MS = 3_000;
const LATE_MS = [30_000, 90_000] as const;
export const LARGE_BYTES = 60_000;

export interface EventMaker {
  readonly mix: EventMix;
  readonly random: () => number;
  /** Event time that is now. */
  readonly nowMs: () => number;
}

/** The next event of a key; its id is given by whoever sends it. */
export function makeEvent(
  {mix, random, nowMs}: EventMaker,
  event: Pick<SentEvent, 'id' | 'topic' | 'key' | 'n'>,
): LoadEvent {
  const isValid = random() >= mix.invalidShare;
  const isLarge = isValid && random() < mix.largeShare;
  return {
    ...event,
    isValid,
    time: nowMs() - delayMs(random, mix),
    // What is not valid is so by the schema's rule for the amount.
    amount: isValid ? between(random, 0, MAX_AMOUNT) : -1,
    paddingBytes: isLarge ? LARGE_BYTES : 0,
  };
}

function delayMs(random: () => number, {disorderShare, lateShare}: EventMix): number {
  const draw = random();
  if (draw < lateShare) return between(random, ...LATE_MS);
  return draw < lateShare + disorderShare ? between(random, 0, DISORDER_MS) : 0;
}

/** As its stream's schema has it. */
export function bodyOf({id, key, n, time, amount, paddingBytes}: LoadEvent): object {
  return {
    id,
    key,
    n,
    time,
    amount,
    ...(paddingBytes === 0 ? {} : {padding: 'x'.repeat(paddingBytes)}),
  };
}

export function sentEventOf({id, topic, key, n, isValid}: LoadEvent): SentEvent {
  return {id, topic, key, n, isValid};
}
