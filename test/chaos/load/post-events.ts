import type {HistoryWriter} from '../observe/history-writer.ts';
import {bodyOf, sentEventOf, type LoadEvent} from './make-events.ts';

const REQUEST_DEADLINE_MS = 10_000;
const MS_PER_S = 1_000;

export interface PostTarget {
  readonly url: string;
  readonly key: string;
  readonly history: HistoryWriter;
  /** Called with every status, 0 for no answer. */
  readonly onStatus: (status: number) => void;
  readonly nextRequest: () => number;
}

export interface LoadRequest {
  readonly stream: string;
  readonly events: readonly LoadEvent[];
  /** Names the events of a stream without ids of its own. */
  readonly idempotencyKey: string | null;
}

export interface PostResult {
  /** Ids whose outcome is known for good. */
  readonly known: ReadonlySet<string>;
  /** Milliseconds the gateway asked to wait. */
  readonly retryAfterMs: number;
}

interface AnsweredEvent {
  readonly index: number;
  readonly status: 'accepted' | 'duplicate' | 'rejected' | 'retry';
  readonly shard?: string;
  readonly seq?: number;
}

/** Sends one request once, and tells the history what was asked and what came back. */
export async function postEvents(target: PostTarget, request: LoadRequest): Promise<PostResult> {
  const {history, onStatus} = target;
  const number = target.nextRequest();
  const {events} = request;
  const send = {type: 'send', request: number} as const;
  history.add({...send, op: 'invoke', events: events.map(sentEventOf)});
  const nothing: PostResult = {known: new Set(), retryAfterMs: 0};
  let status = 0;
  try {
    const response = await post(target, request);
    const retryAfterMs = Number(response.headers.get('retry-after') ?? 0) * MS_PER_S;
    // An answer that breaks off says nothing.
    const text = await response.text();
    status = response.status;
    const answered = answeredEvents(text);
    const isTold = answered.length > 0 && [202, 207, 422, 503].includes(status);
    onStatus(status);
    if (isTold) {
      const outcomes = answered.map(({index, status: outcome, shard, seq}) => ({
        id: events[index]!.id,
        outcome,
        ...(shard === undefined ? {} : {shard}),
        ...(seq === undefined ? {} : {seq}),
      }));
      history.add({...send, op: 'ok', status, outcomes});
      const known = outcomes.filter(({outcome}) => outcome !== 'retry').map(({id}) => id);
      return {known: new Set(known), retryAfterMs};
    }
    if (status >= 400 && status < 500) history.add({...send, op: 'fail', status});
    else history.add({...send, op: 'unknown', error: `status ${status}: ${text.slice(0, 200)}`});
    return {...nothing, retryAfterMs};
  } catch (error) {
    onStatus(0);
    history.add({...send, op: 'unknown', error: String(error)});
    return nothing;
  }
}

function post(
  {url, key}: PostTarget,
  {stream, events, idempotencyKey}: LoadRequest,
): Promise<Response> {
  const [first] = events;
  const body = events.length === 1 && first !== undefined ? bodyOf(first) : events.map(bodyOf);
  return fetch(`${url}/v1/streams/${stream}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${key}`,
      prefer: 'return=representation',
      ...(idempotencyKey === null ? {} : {'idempotency-key': idempotencyKey}),
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(REQUEST_DEADLINE_MS),
  });
}

function answeredEvents(text: string): readonly AnsweredEvent[] {
  try {
    return (JSON.parse(text) as {events?: readonly AnsweredEvent[]}).events ?? [];
  } catch {
    return [];
  }
}
