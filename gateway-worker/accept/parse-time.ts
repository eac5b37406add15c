const RFC_3339 =
  /^(\d{4}-\d{2}-(\d{2}))T((?:[01]\d|2[0-3]):[0-5]\d):([0-5]\d|60)(\.\d+)?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
/** Far more digits of a second than any clock has. */
const MAX_TIME_CHARS = 64;

/**
 * Milliseconds since the epoch of a time as RFC 3339 §5.6 writes it; `null` for anything else. Digits below a
 * millisecond are cut off, and a leap second is the first of the next minute.
 */
export function parseTime(text: string): number | null {
  if (text.length > MAX_TIME_CHARS) return null;
  // §5.6: the letters may be in lower case.
  const match = RFC_3339.exec(text.toUpperCase());
  if (match === null) return null;
  const [, date, day, minutes, seconds, fraction = '', zone] = match;
  const dayMs = Date.parse(`${date!}T00:00:00Z`);
  // Date takes February 30 for a day in March.
  if (Number.isNaN(dayMs) || new Date(dayMs).getUTCDate() !== Number(day)) return null;
  const isLeap = seconds === '60';
  const ms = Date.parse(
    `${date!}T${minutes!}:${isLeap ? '59' : seconds!}${fraction.slice(0, 4)}${zone!}`,
  );
  return isLeap ? (Math.floor(ms / 1_000) + 1) * 1_000 : ms;
}
