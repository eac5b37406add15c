/**
 * The Worker's part when a shard has no room: reserve a place in the shard's line, put the records into the queue, confirm.
 * 2xx only after all three. Whatever fails before that cancels the place, so its messages, if any arrived, are dropped, and
 * the sender is told to retry.
 */
import {describeError, toError} from '../../src/lib/errors.ts';
import type {Log} from '../../src/telemetry/log.ts';
import type {AppendRequest, EncodedBatch} from '../buffer/append-protocol.ts';
import type {AppendOutcome, Overflow} from '../buffer/call-queue.ts';
import type {ShardObject} from '../buffer/shard-object.ts';
import {Deadline, EXPIRED} from '../deadline.ts';
import type {Env} from '../env.ts';
import type {RequestScope} from '../request-scope.ts';
import {encodeMessage, MAX_PART_BYTES} from './overflow-message.ts';
import type {ConfirmRequest, ConfirmResult, ReserveResult, Ticket} from './overflow-protocol.ts';
import {idsOf, withoutDropped} from './plan-waiting.ts';
import {sendMessages} from './send-messages.ts';
import {splitBatch} from './split-batch.ts';

/** Of one call to a shard; three of them and the sending are well below RESERVED_MS. */
const CALL_DEADLINE_MS = 4_000;
/** The first call and this many more, for the one call that may be repeated. */
const MAX_CONFIRM_RETRIES = 2;

export interface OverflowOptions {
  readonly env: Env;
  readonly shard: string;
  readonly order: 'kept' | 'waived';
  readonly waitUntil: RequestScope['waitUntil'];
  readonly newId: () => string;
  readonly log: Log;
}

interface Sender extends OverflowOptions {
  readonly queue: Queue;
}

/** `null` where there is no queue. */
export function overflowOf(options: OverflowOptions): Overflow | null {
  const queue = options.env.OVERFLOW;
  if (queue === undefined) return null;
  const sender = {...options, queue};
  return {
    takes: (batches) => batches.every((batch) => splitBatch(batch, MAX_PART_BYTES) !== null),
    send: (request, refusal) => {
      if (refusal === 'full') return sendInLine(sender, request);
      // A place in the line is the shard's to give, and an overloaded shard is left alone.
      if (options.order === 'kept') return Promise.resolve({kind: 'overloaded'});
      return sendLoose(sender, request.batches);
    },
  };
}

async function sendInLine(sender: Sender, {batches}: AppendRequest): Promise<AppendOutcome> {
  const {shard, log, waitUntil} = sender;
  const {count, ids} = idsOf(batches);
  const bytes = batches.reduce((total, batch) => total + batch.bytes.byteLength, 0);
  const reserved = await callShard<ReserveResult>(sender, async (stub) =>
    stub.reserveOverflow({count, ids, bytes}),
  );
  if (reserved === null || reserved.kind === 'full') return {kind: 'full', bound: 'overflow'};
  const {duplicates} = reserved;
  if (reserved.kind === 'known') return {kind: 'waiting', duplicates};
  const {ticket} = reserved;
  try {
    const parts = await sendParts(sender, withoutDropped(batches, duplicates), ticket);
    const confirmed = await confirm(sender, {ticket, parts});
    if (confirmed === null) return {kind: 'unknown'};
    if (confirmed === 'confirmed') return {kind: 'waiting', duplicates};
  } catch (error) {
    log.warn('The overflow queue did not take records', {shard, error: describeError(error)});
    waitUntil(callShard(sender, async (stub) => stub.cancelOverflow(ticket)));
  }
  return {kind: 'full', bound: 'overflow'};
}

/** Without a place, so nothing can be taken back: what was sent enters the log some time. */
async function sendLoose(sender: Sender, batches: readonly EncodedBatch[]): Promise<AppendOutcome> {
  const {shard, log} = sender;
  try {
    await sendParts(sender, batches, null);
    return {kind: 'waiting', duplicates: []};
  } catch (error) {
    log.warn('The overflow queue did not take records', {shard, error: describeError(error)});
    return {kind: 'unknown'};
  }
}

/** Answers how many messages it took. */
async function sendParts(
  {queue, shard, newId}: Sender,
  batches: readonly EncodedBatch[],
  ticket: Ticket | null,
): Promise<number> {
  const parts = batches.flatMap((batch) => {
    const split = splitBatch(batch, MAX_PART_BYTES);
    if (split === null) throw new Error('a record is larger than a message');
    return split;
  });
  const messages = parts.map((batch, part) =>
    encodeMessage({...batch, shard, id: newId(), ticket, part}),
  );
  await sendMessages(queue, messages);
  return parts.length;
}

/** Repeated where that may help: it says the same each time. */
async function confirm(sender: Sender, request: ConfirmRequest): Promise<ConfirmResult | null> {
  for (let attempt = 0; ; attempt += 1) {
    let isWorthIt = false;
    const result = await callShard<ConfirmResult>(
      sender,
      async (stub) => stub.confirmOverflow(request),
      (isRetryable) => {
        isWorthIt = isRetryable;
      },
    );
    if (result !== null || !isWorthIt || attempt === MAX_CONFIRM_RETRIES) return result;
  }
}

/** `null` when the shard did not answer. A stub that failed once may be broken for good, so each call gets its own. */
async function callShard<T>(
  {env, shard, log}: Sender,
  call: (stub: DurableObjectStub<ShardObject>) => Promise<T>,
  onError?: (isRetryable: boolean) => void,
): Promise<T | null> {
  const deadline = new Deadline(CALL_DEADLINE_MS);
  try {
    const result = await deadline.race(call(env.SHARD.getByName(shard)));
    return result === EXPIRED ? null : result;
  } catch (thrown) {
    const error: Error & {readonly retryable?: boolean; readonly overloaded?: boolean} =
      toError(thrown);
    onError?.(error.retryable === true && error.overloaded !== true);
    log.warn('A shard did not answer a call about overflow', {shard, error: error.message});
    return null;
  } finally {
    deadline.clear();
  }
}
