/**
 * From received events to what became of each: validate → route → append. The same for every dialect; what a dialect
 * makes of the fates is its answer's business.
 */
import {writeUtf8} from '../../src/lib/bytes.ts';
import type {RecordContext} from '../../src/record/codec.ts';
import {isJsonType, mediaTypeOf} from '../../src/record/parse-value.ts';
import {partitionOf, shardOf} from '../../src/record/shard.ts';
import type {Fate} from '../answer/fate.ts';
import type {AppendStored, AppendWaiting} from '../buffer/append-protocol.ts';
import {encodeBatches} from '../buffer/encode-batches.ts';
import type {RecordToAppend} from '../buffer/encode-batches.ts';
import type {ShardClient} from '../buffer/shard-client.ts';
import {MAX_KEY_BYTES} from '../limits.ts';
import type {RequestScope} from '../request-scope.ts';
import {checkEvent} from '../validate/check-event.ts';
import type {CheckedEvent, CheckedStream, ValidEvent} from '../validate/check-event.ts';
import {findUnsafeName} from '../validate/find-unsafe-name.ts';
import {issue} from '../validate/issue.ts';
import type {Issue} from '../validate/issue.ts';
import {SHARED_ID_BYTES} from './event-ids.ts';
import type {EventIds, EventToName} from './event-ids.ts';
import {keepRejected} from './keep-rejected.ts';
import type {ReceivedEvent} from './received-event.ts';
import {RecordHeaders} from './record-headers.ts';
import type {RequestDefaults} from './record-headers.ts';

/** What a dialect made of its request. */
export interface Delivery extends RequestDefaults {
  readonly stream: CheckedStream;
  readonly events: readonly ReceivedEvent[];
  readonly ids: EventIds;
  /** What all records of the request have in common. */
  readonly context: RecordContext;
  /**
   * `quarantine`: the sender is told 2xx, so what is invalid must be kept, or the sender must come again. `leave`: it is
   * kept already.
   */
  readonly onInvalid: 'reject' | 'quarantine' | 'leave';
}

export interface StoreOptions {
  readonly shards: ShardClient;
  /** 0 ≤ random() < 1 */
  readonly random: () => number;
}

/** A record on its way to a shard, and which event of the request it is. */
interface Routed extends RecordToAppend {
  readonly index: number;
  readonly id: string;
}

/** One fate for each event, in order. */
export async function storeEvents(
  delivery: Delivery,
  {shards, random}: StoreOptions,
  scope: RequestScope,
): Promise<readonly Fate[]> {
  const {stream, events, ids} = delivery;
  const checked = events.map((event) => checkReceived(stream, event));
  const fates: Fate[] = checked.map(({issues}, index) => {
    const id = events[index]!.attributes?.id ?? ids.derived(index);
    return issues === null
      ? {status: 'retry', id, isFull: false}
      : {status: 'rejected', id, issues};
  });
  const headers = new RecordHeaders(delivery.context, delivery, events);
  const routes = await routeValid(delivery, {checked, headers, random});
  const appends = Array.from(routes, async ([shard, routed]) => {
    const outcome = await shards.append(shard, encodeBatches(headers.context, routed), scope);
    if (outcome.kind === 'stored' || outcome.kind === 'waiting')
      settle(fates, {shard, routed, outcome});
    else {
      const isFull = outcome.kind === 'full';
      for (const {index, id} of routed) fates[index] = {status: 'retry', id, isFull};
    }
  });
  await Promise.all([...appends, keepRejected(delivery, {fates, headers, shards}, scope)]);
  return fates;
}

function checkReceived(stream: CheckedStream, event: ReceivedEvent): CheckedEvent {
  const {maxEventBytes} = stream.definition;
  if (event.bytes !== null && event.bytes.byteLength > maxEventBytes)
    return {issues: [issue('event-too-large', `an event has at most ${maxEventBytes} bytes`)]};
  if (event.issue !== null) return {issues: [event.issue]};
  const unsafe = unsafeName(event);
  return unsafe === null ? checkEvent(stream, event) : {issues: [unsafe]};
}

/** Only JSON has names that could be unsafe; other values are made by parsers that keep none of them. */
function unsafeName({
  bytes,
  value,
  attributes,
  members,
}: Extract<ReceivedEvent, {issue: null}>): Issue | null {
  const type = mediaTypeOf(attributes?.contentType ?? '');
  const isJson = type === '' || isJsonType(type);
  return isJson && bytes !== null ? findUnsafeName({bytes, value, members}) : null;
}

interface Routing {
  readonly checked: readonly CheckedEvent[];
  readonly headers: RecordHeaders;
  readonly random: () => number;
}

/** Shard name → its records, in the order of the request. */
async function routeValid(
  {stream, events, ids}: Delivery,
  {checked, headers, random}: Routing,
): Promise<ReadonlyMap<string, readonly Routed[]>> {
  const {name, partitions, dedupeWindowMs} = stream.definition;
  const valid: (EventToName & {readonly event: ValidEvent})[] = [];
  for (const [index, event] of checked.entries()) {
    if (event.issues !== null) continue;
    valid.push({index, ownId: event.id, source: events[index]!.attributes?.source, event});
  }
  const eventIds = await ids.of(valid);
  const randomPartition = Math.floor(random() * partitions);
  const routes: (Routed[] | undefined)[] = [];
  valid.forEach(({index, event}, at) => {
    const {id, hash} = eventIds[at]!;
    const {bytes, attributes} = events[index]!;
    // Without a key, what the sender gave as id decides, so that a request sent again meets the shard that remembers it,
    // and so does a single event of it that is replayed.
    const routeBy =
      event.key === null ? (hash?.subarray(0, SHARED_ID_BYTES) ?? null) : keyBytes(event.key);
    const partition = routeBy === null ? randomPartition : partitionOf(routeBy, partitions);
    (routes[partition] ??= []).push({
      index,
      id,
      idHash: dedupeWindowMs === 0 ? null : hash,
      record: {
        key: event.key,
        value: bytes,
        headers: headers.of(id, event.eventTimeMs, attributes),
      },
    });
  });
  return new Map(
    routes.flatMap((routed, partition) =>
      routed === undefined ? [] : [[shardOf(name, partition).name, routed]],
    ),
  );
}

const keyScratch = new Uint8Array(MAX_KEY_BYTES * 3);

/** Valid until the next call: a buffer of its own for each key is what routing would cost most. */
function keyBytes(key: string): Uint8Array {
  return keyScratch.subarray(0, writeUtf8(key, keyScratch, 0));
}

interface Settled {
  readonly shard: string;
  readonly routed: readonly Routed[];
  readonly outcome: AppendStored | AppendWaiting;
}

function settle(fates: Fate[], {shard, routed, outcome}: Settled): void {
  const seqOfDuplicate = new Map<number, number | null>(
    outcome.duplicates.map(({index, seq}) => [index, seq]),
  );
  let nextSeq = outcome.kind === 'stored' ? outcome.firstSeq : null;
  routed.forEach(({index, id}, at) => {
    const duplicateOf = seqOfDuplicate.get(at);
    fates[index] =
      duplicateOf === undefined
        ? {status: 'accepted', id, shard, seq: nextSeq === null ? null : nextSeq++}
        : {status: 'duplicate', id, shard, seq: duplicateOf};
  });
}
