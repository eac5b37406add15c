import {RequestIds} from './event-ids.ts';
import type {Fate} from '../answer/fate.ts';
import type {Gateway} from '../gateway.ts';
import type {RequestScope} from '../request-scope.ts';
import type {CheckedStream} from '../validate/check-event.ts';
import {contextOf} from './record-context.ts';
import type {ReceivedEvent} from './received-event.ts';
import type {RequestDefaults} from './record-headers.ts';
import {storeEvents} from './store-events.ts';

/** A request of any dialect, read and verified. */
export interface Submission extends RequestDefaults {
  readonly stream: CheckedStream;
  /** Grant.sender, or `webhook <source>`. */
  readonly sender: string;
  readonly events: readonly ReceivedEvent[];
  /** For trace context. */
  readonly headers: Headers;
  /** What the sender calls the whole request (Idempotency-Key, delivery id); `null` when it has no name. */
  readonly requestId: string | null;
  /** The request is one event, not a list that happens to hold one: `requestId` is that event's id. */
  readonly isSingle: boolean;
  /** What its dialect does about invalid events where the stream does not say. */
  readonly onInvalid: 'reject' | 'quarantine';
}

/** What every dialect does once it has its events: one fate for each, in order. */
export function storeSubmission(
  gateway: Gateway,
  submission: Submission,
  scope: RequestScope,
): Promise<readonly Fate[]> {
  const {stream, sender, events, headers, requestId, isSingle, source, eventType} = submission;
  return storeEvents(
    {
      stream,
      events,
      source,
      eventType,
      onInvalid: stream.definition.onInvalid ?? submission.onInvalid,
      ids: new RequestIds({requestId, sender, isSingle, newId: () => gateway.newEventId()}),
      context: contextOf(gateway, {headers, stream: stream.definition.name}),
    },
    gateway,
    scope,
  );
}

/** Counts what became of the events, or that the request failed as a whole. */
export async function counted(
  {metrics}: Gateway,
  stream: string,
  accept: () => Promise<readonly Fate[]>,
): Promise<readonly Fate[]> {
  try {
    const fates = await accept();
    metrics.countFates(stream, fates);
    return fates;
  } catch (error) {
    metrics.countFailure(stream, error);
    throw error;
  }
}
