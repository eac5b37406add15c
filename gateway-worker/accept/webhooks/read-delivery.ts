import type {WebhookBody, WebhookScheme} from '../../../src/define/webhook-scheme.ts';
import {FORM_TYPE, isJsonType, mediaTypeOf, parseValue} from '../../../src/record/parse-value.ts';
import {toError} from '../../../src/lib/errors.ts';
import {isJsonObject} from '../../../src/lib/is-json-object.ts';
import {Problem} from '../../answer/problem.ts';
import type {ReceivedEvent} from '../received-event.ts';
import {splitEvents} from '../split-events.ts';

/** RFC 6838 §4.2: 127 for each half. It becomes a header of the record. */
const MAX_MEDIA_TYPE_CHARS = 255;

export interface DeliveryBody {
  /** Decompressed. */
  readonly body: Uint8Array;
  readonly contentType: string | null;
}

export type DeliveredEvent = Extract<ReceivedEvent, {issue: null}>;

/**
 * The one event of a delivery: its bytes as they came and what they say.
 * @throws Problem when its type is none the source takes, or the bytes are not what their type says
 */
export function readDelivery(
  {bodies = ['json']}: WebhookScheme,
  {body, contentType}: DeliveryBody,
): DeliveredEvent {
  const mediaType = mediaTypeOf(contentType ?? '');
  const form = mediaType.length > MAX_MEDIA_TYPE_CHARS ? null : bodyOf(mediaType);
  if (form === null || !bodies.includes(form)) throw unsupported(bodies);
  return form === 'form' ? readForm(body) : readJson(body, mediaType);
}

function bodyOf(mediaType: string): WebhookBody | null {
  if (mediaType === '' || isJsonType(mediaType)) return 'json';
  return mediaType === FORM_TYPE ? 'form' : null;
}

function readJson(body: Uint8Array, mediaType: string): DeliveredEvent {
  const {events, isSingle} = splitEvents(body, 'json');
  const [event] = events;
  // An object and nothing else: a challenge's answer may sign a bare word, so a bare word is no delivery.
  if (!isSingle || event?.issue !== null || !isJsonObject(event.value))
    throw new Problem('invalid-delivery', 'a delivery is one JSON object');
  const isPlain = mediaType === '' || mediaType === 'application/json';
  return isPlain ? event : {...event, attributes: {contentType: mediaType}};
}

function readForm(bytes: Uint8Array): DeliveredEvent {
  if (bytes.length === 0) throw new Problem('empty-batch', 'the body is empty');
  return {bytes, value: formValue(bytes), issue: null, attributes: {contentType: FORM_TYPE}};
}

function formValue(bytes: Uint8Array): unknown {
  try {
    return parseValue(FORM_TYPE, bytes);
  } catch (error) {
    throw new Problem('invalid-delivery', `the form cannot be read: ${toError(error).message}`);
  }
}

function unsupported(bodies: readonly WebhookBody[]): Problem {
  const types = bodies.map((body) => (body === 'json' ? 'application/json' : FORM_TYPE));
  return new Problem(
    'unsupported-media-type',
    `Content-Type of this source may be ${types.join(', ')}`,
    {
      headers: {accept: types.join(', ')},
    },
  );
}
