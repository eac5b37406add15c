/** What the quotas' objects take for the time: they live in this isolate, and the last application made sets it. */
export const quotaClock = {nowMs: (): number => Date.now()};
