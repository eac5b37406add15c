/** Wall-clock time in milliseconds since the epoch, as a parameter so that tests can step it. */
export interface Clock {
  nowMs(): number;
}

export const systemClock: Clock = {nowMs: () => Date.now()};

/** How far from the epoch a Date can be, either way (ECMA-262 §21.4.1.1). */
export const MAX_TIME_MS = 8.64e15;
