import type {Place, WebhookScheme} from '../../../src/define/webhook-scheme.ts';
import {hex} from '../../../src/lib/bytes.ts';
import {valuesAt} from '../../../src/lib/json-pointer.ts';
import {Problem} from '../../answer/problem.ts';
import {MAX_EVENT_TYPE_CHARS, MAX_ID_CHARS} from '../../limits.ts';
import {headerValue} from '../../verify/header-value.ts';

export interface Delivered {
  readonly headers: Headers;
  /** As it was signed. */
  readonly raw: Uint8Array;
  /** What the body says. */
  readonly value: unknown;
}

/**
 * The provider's own id of a delivery, else the digest of its bytes; `null` for a provider of which neither says anything.
 * @throws Problem `invalid-delivery` when the id is none to remember
 */
export async function deliveryIdOf(
  {deliveryId}: WebhookScheme,
  delivered: Delivered,
): Promise<string | null> {
  if (deliveryId === 'none') return null;
  const id = firstText(deliveryId, delivered);
  if (id === null) {
    const digest = await crypto.subtle.digest('SHA-256', delivered.raw);
    return `sha256:${hex(new Uint8Array(digest))}`;
  }
  if (id.length <= MAX_ID_CHARS && id.isWellFormed()) return id;
  throw new Problem('invalid-delivery', `a delivery id has at most ${MAX_ID_CHARS} characters`);
}

/** `null` when the delivery names none. */
export function eventTypeOf({eventType}: WebhookScheme, delivered: Delivered): string | null {
  return firstText(eventType, delivered)?.slice(0, MAX_EVENT_TYPE_CHARS).toWellFormed() ?? null;
}

function firstText(places: readonly Place[], delivered: Delivered): string | null {
  for (const place of places) {
    const text = textAt(place, delivered);
    if (text !== null && text !== '') return text;
  }
  return null;
}

function textAt(place: Place, {headers, value}: Delivered): string | null {
  if ('header' in place) return headerValue(headers, place.header);
  const found = valuesAt(value, place.pointer)?.[0];
  if (typeof found === 'string') return found;
  // Beyond these, two numbers of a body are one number here, and would be one id.
  return Number.isSafeInteger(found) ? String(found) : null;
}
