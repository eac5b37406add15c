import {TIMESTAMP_TOLERANCE_S} from '../../src/define/webhook-scheme.ts';
import type {SignedTimestamp} from '../../src/define/webhook-scheme.ts';
import {headerValue} from './header-value.ts';

const FORMS = {
  seconds: {digits: /^\d{10}$/, ms: 1_000},
  milliseconds: {digits: /^\d{13}$/, ms: 1},
} as const;

export interface TimestampToCheck {
  readonly headers: Headers;
  /** The signature header's, as they stand in it. */
  readonly items: readonly string[];
  readonly receivedMs: number;
}

/** The one timestamp, as text: only digits, and near the time of receipt. `null` for anything else. */
export function freshTimestamp(
  rule: SignedTimestamp,
  {headers, items, receivedMs}: TimestampToCheck,
): string | null {
  const text = 'prefix' in rule ? onlyItem(items, rule.prefix) : headerValue(headers, rule.header);
  const {digits, ms} = FORMS[rule.unit ?? 'seconds'];
  // Number and parseInt take more than digits, and what is signed is the text.
  if (text === null || !digits.test(text)) return null;
  const awayMs = Math.abs(Math.floor(receivedMs / ms) - Number(text)) * ms;
  return awayMs <= (rule.toleranceS ?? TIMESTAMP_TOLERANCE_S) * 1_000 ? text : null;
}

function onlyItem(items: readonly string[], prefix: string): string | null {
  const found = items.filter((item) => item.startsWith(prefix));
  return found.length === 1 ? found[0]!.slice(prefix.length) : null;
}
