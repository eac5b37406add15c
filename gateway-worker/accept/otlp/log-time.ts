const NANOS_A_MS = 1_000_000n;
const NANOS = /^\d{1,20}$/;

/**
 * When a log record was made, else when it was observed, in milliseconds; `null` when it says neither. 0 is unknown.
 * https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-timestamp
 */
export function logTimeMs(record: Readonly<Record<string, unknown>>): number | null {
  return msOf(record['timeUnixNano']) ?? msOf(record['observedTimeUnixNano']);
}

function msOf(nanos: unknown): number | null {
  if (typeof nanos === 'number') return nanos > 0 ? Math.floor(nanos / Number(NANOS_A_MS)) : null;
  if (typeof nanos !== 'string' || !NANOS.test(nanos)) return null;
  const value = BigInt(nanos);
  return value === 0n ? null : Number(value / NANOS_A_MS);
}

/** Whether a time is finer than a millisecond, which is all that some clocks have: OpenTelemetry's own in JavaScript. */
export function hasFineTime(record: Readonly<Record<string, unknown>>): boolean {
  return [record['timeUnixNano'], record['observedTimeUnixNano']].some(
    (nanos) => typeof nanos === 'string' && NANOS.test(nanos) && BigInt(nanos) % NANOS_A_MS !== 0n,
  );
}
