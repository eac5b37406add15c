const RETRY_FIRST_MS = 5;
const RETRY_MAX_MS = 200;

/**
 * Five retries at 5 ms, then doubling up to 200 ms. The quick ones matter: right after a commit the next
 * transaction often meets CONCURRENT_TRANSACTIONS for a few milliseconds, and a long delay there is the
 * whole throughput.
 */
export function retryDelayMs(attempt: number): number {
  return Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.max(0, attempt - 5));
}
