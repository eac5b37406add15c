/**
 * From received events to what became of each: validate → route → append. The same for every dialect; what a dialect
 * makes of the fates is its answer's business.
 */
import {writeUtf8} from '../../src/lib/bytes.ts';
import type {HeaderToEncode, RecordContext} from '../../src/record/codec.ts';
import {partitionOf, rejectedShardOf, shardOf} from '../../src/record/shard.ts';
import type {AppendStored} from '../buffer/append-protocol.ts';
import {encodeBatches} from '../buffer/encode-batches.ts';
import type {RecordToAppend} from '../buffer/encode-batches.ts';
import type {AppendOutcome} from '../buffer/call-queue.ts';
import type {ShardClient} from '../buffer/shard-client.ts';
import type {RequestScope} from '../request-scope.ts';
import {MAX_KEY_BYTES} from '../limits.ts';
import {checkEvent} from '../validate/check-event.ts';
import type {CheckedEvent, CheckedStream, ValidEvent} from '../validate/check-event.ts';
import {issue} from '../validate/issue.ts';
import type {EventIds} from './event-ids.ts';
import type {Fate, RejectedFate} from '../answer/fate.ts';
import {isoTime} from './iso-time.ts';
import type {ReceivedEvent} from './split-events.ts';

/** What a dialect made of its request. */
export interface Delivery {
  readonly stream: CheckedStream;
  readonly events: readonly ReceivedEvent[];
  readonly ids: EventIds;
  /** What all records of the request have in common. */
  readonly context: RecordContext;
  /** `quarantine`: the sender is told 2xx, so what is invalid must be kept, or the sender must come again. */
  readonly onInvalid: 'reject' | 'quarantine';
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
  options: StoreOptions,
  scope: RequestScope,
): Promise<readonly Fate[]> {
  const checked = delivery.events.map((event) => checkReceived(delivery.stream, event));
  const fates: Fate[] = checked.map(({issues}, index) => {
    const id = delivery.ids.derived(index);
    return issues === null
      ? {status: 'retry', id, isFull: false}
      : {status: 'rejected', id, issues};
  });
  const routes = await routeValid(delivery, checked, options.random);
  const appends = Array.from(routes, async ([shard, routed]) => {
    const outcome = await options.shards.append(
      shard,
      encodeBatches(delivery.context, routed),
      scope,
    );
    if (outcome.kind === 'stored') settle(fates, {shard, routed, outcome});
    else {
      const isFull = outcome.kind === 'full';
      for (const {index, id} of routed) fates[index] = {status: 'retry', id, isFull};
    }
  });
  await Promise.all([...appends, keepRejected(delivery, {fates, shards: options.shards}, scope)]);
  return fates;
}

function checkReceived(stream: CheckedStream, event: ReceivedEvent): CheckedEvent {
  const {maxEventBytes} = stream.definition;
  if (event.bytes.byteLength > maxEventBytes)
    return {issues: [issue('event-too-large', `an event has at most ${maxEventBytes} bytes`)]};
  return event.issue === null ? checkEvent(stream, event.value) : {issues: [event.issue]};
}

/** Shard name → its records, in the order of the request. */
async function routeValid(
  {stream, events, ids}: Delivery,
  checked: readonly CheckedEvent[],
  random: () => number,
): Promise<ReadonlyMap<string, readonly Routed[]>> {
  const {name, partitions, dedupeWindowMs} = stream.definition;
  const valid: {
    readonly index: number;
    readonly ownId: string | null;
    readonly event: ValidEvent;
  }[] = [];
  for (const [index, event] of checked.entries())
    if (event.issues === null) valid.push({index, ownId: event.id, event});
  const eventIds = await ids.of(valid);
  const randomPartition = Math.floor(random() * partitions);
  const routes: (Routed[] | undefined)[] = [];
  valid.forEach(({index, event}, at) => {
    const {id, hash, origin} = eventIds[at]!;
    // Without a key, what the sender gave as id decides, so that a request sent again meets the shard that remembers it.
    const routeBy = event.key === null ? origin : keyBytes(event.key);
    const partition = routeBy === null ? randomPartition : partitionOf(routeBy, partitions);
    const record = {key: event.key, value: events[index]!.bytes, headers: headersOf(event, id)};
    (routes[partition] ??= []).push({
      index,
      id,
      idHash: dedupeWindowMs === 0 ? null : hash,
      record,
    });
  });
  return new Map(
    routes.flatMap((routed, partition) =>
      routed === undefined ? [] : [[shardOf(name, partition).name, routed]],
    ),
  );
}

function headersOf({eventTimeMs}: ValidEvent, id: string): HeaderToEncode[] {
  const headers: HeaderToEncode[] = [['ce_id', id]];
  if (eventTimeMs !== null) headers.push(['ce_time', isoTime(eventTimeMs)]);
  return headers;
}

const keyScratch = new Uint8Array(MAX_KEY_BYTES * 3);

/** Valid until the next call: a buffer of its own for each key is what routing would cost most. */
function keyBytes(key: string): Uint8Array {
  return keyScratch.subarray(0, writeUtf8(key, keyScratch, 0));
}

interface Settled {
  readonly shard: string;
  readonly routed: readonly Routed[];
  readonly outcome: AppendStored;
}

function settle(fates: Fate[], {shard, routed, outcome}: Settled): void {
  const seqOfDuplicate = new Map(outcome.duplicates.map(({index, seq}) => [index, seq]));
  let nextSeq = outcome.firstSeq;
  routed.forEach(({index, id}, at) => {
    const duplicateOf = seqOfDuplicate.get(at);
    fates[index] =
      duplicateOf === undefined
        ? {status: 'accepted', id, shard, seq: nextSeq++}
        : {status: 'duplicate', id, shard, seq: duplicateOf};
  });
}

interface Keeping {
  readonly fates: Fate[];
  readonly shards: ShardClient;
}

/**
 * Appends what was rejected to the stream's shard for it. In `reject` the sender was told anyway, so a shard that is full
 * or silent changes nothing; in `quarantine` the 2xx stands for what is kept, so without it the sender comes again.
 */
async function keepRejected(
  {stream, events, ids, context, onInvalid}: Delivery,
  {fates, shards}: Keeping,
  scope: RequestScope,
): Promise<void> {
  const {definition} = stream;
  const rejected = fates.flatMap((fate, index) =>
    fate.status === 'rejected' && events[index]!.bytes.byteLength <= definition.maxEventBytes
      ? [{fate, index, ownId: null}]
      : [],
  );
  if (rejected.length === 0) return;
  const eventIds = await ids.of(rejected);
  const records = rejected.map(({fate, index}, at): RecordToAppend => ({
    idHash: definition.dedupeWindowMs === 0 ? null : eventIds[at]!.hash,
    record: {
      key: null,
      value: events[index]!.bytes,
      headers: [
        ['ce_id', eventIds[at]!.id],
        ['forebay_rejected', JSON.stringify(fate.issues)],
      ],
    },
  }));
  const shard = rejectedShardOf(definition.name).name;
  const outcome = await shards.append(shard, encodeBatches(context, records), scope);
  if (onInvalid === 'reject') return;
  for (const {fate, index} of rejected) fates[index] = quarantined(fate, outcome);
}

function quarantined({id, issues}: RejectedFate, {kind}: AppendOutcome): Fate {
  if (kind === 'stored') return {status: 'quarantined', id, issues};
  return {status: 'retry', id, isFull: kind === 'full'};
}
