import {randomOf} from '../../../dev/random-of.ts';
import {DEFAULT_MIX} from './make-events.ts';
import type {PostTarget} from './post-events.ts';
import {MEAN_EVENTS, runSender, type SenderStream} from './sender.ts';

/** Of ten senders, how many send to the second stream. */
const SENDERS = 10;
const SECOND_STREAM_SENDERS = 2;
const KEYS_PER_SENDER = 20;

export interface LoadOptions {
  readonly seed: number;
  readonly eventsPerS: number;
  readonly streams: readonly [SenderStream, SenderStream];
  readonly target: PostTarget;
  readonly nowMs: () => number;
}

export interface Load {
  /** No more new events; resolves when every outcome is known, with 0, or at the deadline, with how many are not. */
  finish(deadlineMs: number): Promise<number>;
}

/** Several senders with keys of their own, from one seed. */
export function startLoad(options: LoadOptions): Load {
  const stop = new AbortController();
  const giveUp = new AbortController();
  const senders = Array.from({length: SENDERS}, (_, index) => {
    const isSecond = index < SECOND_STREAM_SENDERS;
    return runSender({
      name: `${isSecond ? 's' : 'o'}${index}`,
      stream: options.streams[isSecond ? 1 : 0],
      keys: KEYS_PER_SENDER,
      requestsPerS: options.eventsPerS / SENDERS / MEAN_EVENTS,
      target: options.target,
      maker: {
        mix: DEFAULT_MIX,
        random: randomOf(options.seed * SENDERS + index),
        nowMs: options.nowMs,
      },
      stop: stop.signal,
      giveUp: giveUp.signal,
    });
  });
  return {
    async finish(deadlineMs) {
      stop.abort();
      const timer = setTimeout(() => giveUp.abort(), deadlineMs);
      const unknown = await Promise.all(senders);
      clearTimeout(timer);
      return unknown.reduce((sum, count) => sum + count, 0);
    },
  };
}
