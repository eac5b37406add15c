export interface TimeoutOptions {
  readonly what: string;
  readonly timeoutMs: number;
}

/** Rejects when it takes too long; what was waited for goes on, and nobody hears of its end. */
export async function withTimeout<T>(
  promise: PromiseLike<T>,
  {what, timeoutMs}: TimeoutOptions,
): Promise<T> {
  const {promise: late, reject} = Promise.withResolvers<never>();
  const timer = setTimeout(reject, timeoutMs, new Error(`${what} took over ${timeoutMs} ms`));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
