import {isJsonObject} from '../../src/lib/is-json-object.ts';
import {splitEvents} from './split-events.ts';

/** A JSON object: its text, as it came, and what it says. */
export interface JsonObject {
  readonly bytes: Uint8Array;
  readonly value: Readonly<Record<string, unknown>>;
}

/**
 * A body that is one JSON object; `null` when it is other JSON.
 * @throws Problem when it is not JSON
 */
export function readJsonObject(body: Uint8Array): JsonObject | null {
  const {events, isSingle} = splitEvents(body, 'json');
  const [event] = events;
  return isSingle && event?.issue === null && isJsonObject(event.value)
    ? {bytes: event.bytes!, value: event.value}
    : null;
}
