/** Wall-clock time in milliseconds since the epoch, as a parameter so that tests can step it. */
export interface Clock {
  nowMs(): number;
}

export const systemClock: Clock = {nowMs: () => Date.now()};
