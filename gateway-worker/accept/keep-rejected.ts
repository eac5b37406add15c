import {hex} from '../../src/lib/bytes.ts';
import {DEDUPE_HEADER, REJECTED_HEADER} from '../../src/record/kafka-headers.ts';
import {rejectedShardOf} from '../../src/record/shard.ts';
import type {Fate, RejectedFate} from '../answer/fate.ts';
import type {AppendOutcome} from '../buffer/call-queue.ts';
import {encodeBatches} from '../buffer/encode-batches.ts';
import type {RecordToAppend} from '../buffer/encode-batches.ts';
import type {ShardClient} from '../buffer/shard-client.ts';
import type {RequestScope} from '../request-scope.ts';
import {generatedIdHash} from './event-ids.ts';
import type {RecordHeaders} from './record-headers.ts';
import type {Delivery} from './store-events.ts';

interface Keeping {
  readonly fates: Fate[];
  readonly headers: RecordHeaders;
  readonly shards: ShardClient;
}

/**
 * Appends what was rejected to the stream's shard for it. In `reject` the sender was told anyway, so a shard that is full
 * or silent changes nothing; in `quarantine` the 2xx stands for what is kept, so without it the sender comes again.
 */
export async function keepRejected(
  delivery: Delivery,
  {fates, headers, shards}: Keeping,
  scope: RequestScope,
): Promise<void> {
  const {definition} = delivery.stream;
  const rejected = fates.flatMap((fate, index) =>
    fate.status === 'rejected' && isSmallEnough(delivery, index) ? [{fate, index}] : [],
  );
  if (rejected.length === 0 || delivery.onInvalid === 'leave') return;
  const records = await recordsOf(delivery, rejected, headers);
  const shard = rejectedShardOf(definition.name).name;
  const outcome = await shards.append(shard, encodeBatches(headers.context, records), scope);
  if (delivery.onInvalid === 'reject') return;
  for (const {fate, index} of rejected) fates[index] = quarantined(fate, outcome);
}

interface Rejected {
  readonly fate: RejectedFate;
  readonly index: number;
}

async function recordsOf(
  {stream, events, ids}: Delivery,
  rejected: readonly Rejected[],
  headers: RecordHeaders,
): Promise<readonly RecordToAppend[]> {
  const eventIds = await ids.of(
    rejected.map(({index}) => {
      const {attributes} = events[index]!;
      return {index, ownId: attributes?.id ?? null, source: attributes?.source};
    }),
  );
  return Promise.all(
    rejected.map(async ({fate, index}, at) => {
      const {id, hash} = eventIds[at]!;
      const {bytes, attributes} = events[index]!;
      return {
        idHash: stream.definition.dedupeWindowMs === 0 ? null : hash,
        record: {
          key: null,
          value: bytes,
          headers: [
            ...headers.of(id, attributes?.timeMs ?? null, attributes),
            [REJECTED_HEADER, JSON.stringify(fate.issues)],
            // Under this the event is remembered when it is replayed, so that replaying it twice adds nothing.
            [DEDUPE_HEADER, hex(hash ?? (await generatedIdHash(id)))],
          ],
        },
      };
    }),
  );
}

function isSmallEnough({stream, events}: Delivery, index: number): boolean {
  return (events[index]!.bytes?.byteLength ?? 0) <= stream.definition.maxEventBytes;
}

function quarantined({id, issues}: RejectedFate, {kind}: AppendOutcome): Fate {
  if (kind === 'stored') return {status: 'quarantined', id, issues};
  return {status: 'retry', id, isFull: kind === 'full'};
}
