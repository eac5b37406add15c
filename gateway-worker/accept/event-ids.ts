import {utf8} from '../../src/lib/bytes.ts';
import {ID_HASH_BYTES} from '../buffer/append-protocol.ts';

/** Of a hash, the first bytes: the same for all ids derived from one request's. The rest holds their index. */
export const SHARED_ID_BYTES = ID_HASH_BYTES - 4;

/** An event's id and how it is remembered; `hash` `null`: the id is new, nobody can send it again. */
export interface EventId {
  readonly id: string;
  readonly hash: Uint8Array | null;
}

/** Gives the events of one request their ids. */
export interface EventIds {
  /** The id the sender can know an event by, without looking into the event. */
  derived(index: number): string | null;
  /** Ids of some of the request's events. */
  of(events: readonly EventToName[]): Promise<readonly EventId[]>;
}

export interface EventToName {
  /** Among all events of the request. */
  readonly index: number;
  /** The event's own id, if it has one. */
  readonly ownId: string | null;
  /** Where that id is from, when it means something only together with it (CloudEvents `source`). */
  readonly source?: string | undefined;
}

export interface RequestIdsOptions {
  /** The sender's id for the whole request (Idempotency-Key, delivery id); `null` when it gave none. */
  readonly requestId: string | null;
  /** Whose ids these are: two senders that number alike do not mean each other's, and none can take another's id. */
  readonly sender: string;
  readonly isSingle: boolean;
  readonly newId: () => string;
}

/** Ids of a request's events: the event's own, else derived from the request's, else new. */
export class RequestIds implements EventIds {
  readonly #options: RequestIdsOptions;

  constructor(options: RequestIdsOptions) {
    this.#options = options;
  }

  derived(index: number): string | null {
    const {requestId, isSingle} = this.#options;
    if (requestId === null || isSingle) return requestId;
    return `${requestId}:${index}`;
  }

  async of(events: readonly EventToName[]): Promise<readonly EventId[]> {
    const {requestId, sender, isSingle, newId} = this.#options;
    if (requestId === null && events.every(({ownId}) => ownId === null))
      return events.map(() => ({id: newId(), hash: null}));
    // One digest for the whole request; the ids derived from it differ by their index.
    const base = requestId === null ? null : await hashOf(sender, 'request', requestId);
    return Promise.all(
      events.map(async ({index, ownId, source}) => {
        if (ownId !== null) {
          return {id: ownId, hash: await hashOf(sender, 'event', source ?? '', ownId)};
        }
        if (base === null) return {id: newId(), hash: null};
        return {id: this.derived(index)!, hash: isSingle ? base : withIndex(base, index)};
      }),
    );
  }
}

/** Of an id that was made here: what a replay of its event is remembered by. */
export function generatedIdHash(id: string): Promise<Uint8Array> {
  return hashOf('generated', id);
}

/** Parts are kept apart whatever they hold. */
function hashOf(...parts: readonly string[]): Promise<Uint8Array> {
  return hashId(JSON.stringify(parts));
}

/** The first 16 bytes of its SHA-256. */
export async function hashId(id: string): Promise<Uint8Array> {
  const digest = await crypto.subtle.digest('SHA-256', utf8(id));
  return new Uint8Array(digest, 0, ID_HASH_BYTES);
}

function withIndex(base: Uint8Array, index: number): Uint8Array {
  const hash = base.slice();
  const view = new DataView(hash.buffer);
  // Index 0 differs from the id itself, too: a single event under the same key is another event.
  view.setUint32(SHARED_ID_BYTES, view.getUint32(SHARED_ID_BYTES) ^ (index + 1));
  return hash;
}
