/**
 * The queue's push consumer: hands its messages to their shards. A message is acknowledged when its shard said that it has
 * it, or that nobody needs it any more; it is never left to run out of retries or time while Kafka is down. Nothing here is
 * remembered: the same message again is the shard's business (waiting-line.ts).
 */
import {backoffMs} from '../../src/lib/backoff.ts';
import {describeError} from '../../src/lib/errors.ts';
import type {Log} from '../../src/telemetry/log.ts';
import {Deadline, EXPIRED} from '../deadline.ts';
import type {Env} from '../env.ts';
import {decodeMessage} from './overflow-message.ts';
import type {OverflowPart, TakeVerdict} from './overflow-protocol.ts';
import {sendMessages} from './send-messages.ts';

/**
 * From then on a message is sent afresh before it is acknowledged. wrangler.toml allows 100 retries, then comes the
 * dead-letter queue; the shortest retention is 24 hours.
 */
const RESEND_ATTEMPTS = 50;
const RESEND_AGE_MS = 12 * 3_600_000;
/** Between two presentations of a message its shard has no room for. */
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 300_000;
/** Of one call to a shard. */
const CALL_DEADLINE_MS = 30_000;

export interface ConsumeOptions {
  readonly env: Pick<Env, 'SHARD' | 'OVERFLOW'>;
  readonly nowMs: () => number;
  /** 0 ≤ random() < 1 */
  readonly random: () => number;
  readonly log: Log;
}

interface Delivered {
  readonly message: Message;
  readonly part: OverflowPart;
}

export async function consumeOverflow(
  {messages}: Pick<MessageBatch, 'messages'>,
  options: ConsumeOptions,
): Promise<void> {
  const byShard = new Map<string, Delivered[]>();
  for (const message of messages) {
    const part = partOf(message, options);
    if (part === null) continue;
    const delivered = byShard.get(part.shard) ?? [];
    delivered.push({message, part});
    byShard.set(part.shard, delivered);
  }
  await Promise.all(
    Array.from(byShard, ([shard, delivered]) =>
      handOver(shard, delivered.toSorted(byPlace), options),
    ),
  );
}

/** What is no message of ours ends in the dead-letter queue, where a person can look at it. */
function partOf(message: Message, options: ConsumeOptions): OverflowPart | null {
  try {
    return decodeMessage(message.body);
  } catch (error) {
    options.log.error('The overflow queue holds a message that cannot be read', {
      message: message.id,
      error: describeError(error),
    });
    message.retry({delaySeconds: RETRY_MAX_MS / 1_000});
    return null;
  }
}

async function handOver(
  shard: string,
  delivered: readonly Delivered[],
  options: ConsumeOptions,
): Promise<void> {
  const verdicts = await ask(shard, delivered, options);
  for (const [index, {message}] of delivered.entries())
    if (verdicts[index] !== 'later') message.ack();
  const postponed = delivered.filter((_, index) => verdicts[index] === 'later');
  await Promise.all(postponed.map(({message}) => postpone(message, options)));
}

/** A shard that does not answer is asked again later, with everything else that waits for it. */
async function ask(
  shard: string,
  delivered: readonly Delivered[],
  {env, log}: ConsumeOptions,
): Promise<readonly TakeVerdict[]> {
  const deadline = new Deadline(CALL_DEADLINE_MS);
  try {
    const verdicts = await deadline.race(
      env.SHARD.getByName(shard).takeOverflow(delivered.map(({part}) => part)),
    );
    if (verdicts !== EXPIRED) return verdicts;
    log.warn('A shard did not answer about its overflow in time', {shard});
  } catch (error) {
    log.warn('A shard did not take its overflow', {shard, error: describeError(error)});
  } finally {
    deadline.clear();
  }
  return delivered.map(() => 'later');
}

async function postpone(message: Message, options: ConsumeOptions): Promise<void> {
  const {env, nowMs, random, log} = options;
  const isOld =
    message.attempts >= RESEND_ATTEMPTS || nowMs() - message.timestamp.getTime() >= RESEND_AGE_MS;
  if (isOld && env.OVERFLOW !== undefined) {
    try {
      await sendMessages(env.OVERFLOW, [bytesOf(message)]);
      return message.ack();
    } catch (error) {
      log.warn('The overflow queue did not take a message again', {error: describeError(error)});
    }
  }
  const limits = {firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS, random};
  const waitMs = backoffMs(message.attempts - 1, limits);
  return message.retry({delaySeconds: Math.ceil(waitMs / 1_000)});
}

function bytesOf({body}: Message): Uint8Array {
  return body instanceof Uint8Array ? body : new Uint8Array(body as ArrayBuffer);
}

/** The earliest place first, so that as many as possible enter the log in one call. */
function byPlace({part: one}: Delivered, {part: other}: Delivered): number {
  return (one.ticket?.number ?? 0) - (other.ticket?.number ?? 0) || one.part - other.part;
}
