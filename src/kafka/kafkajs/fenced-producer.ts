import {assert} from '../../lib/assert.ts';
import {toError} from '../../lib/errors.ts';
import {partitionMissing} from '../partition-missing.ts';
import type {FencedProducer, KafkaOptions, OutgoingRecord, TransactionOutcome} from '../ports.ts';
import {failpoint} from '../../program/failpoint.ts';
import {splitSends} from '../split-sends.ts';
import {withDeadline} from '../with-deadline.ts';
import {isFencing, isRefusal, kafkaError} from './broker-error.ts';
import {TransactionSession} from './transaction-session.ts';

/** Of opening a producer: an older owner's transaction is finished by then, or the coordinator is not well. */
const OPEN_DEADLINE_MS = 60_000;
const COMMITTED: TransactionOutcome = {kind: 'committed'};

/**
 * A producer that owns one transactional id.
 *
 * Invariant: after an outcome other than `committed` and `aborted`, nothing is sent through this object
 * again. Whatever it sent is decided by the broker: the next owner's InitProducerId ends what is open, and
 * what was committed is in the log to be read. So a crash here, at any line, leaves one question, which
 * the next owner answers by reading, never by remembering.
 *
 * After `aborted` it goes on in a new epoch, asked for with its own identity, which a broker refuses once there
 * is a newer owner (KIP-360).
 */
export class KafkajsFencedProducer implements FencedProducer {
  readonly #session: TransactionSession;
  #isDead = false;
  #isBusy = false;
  #needsNewEpoch = false;

  private constructor(session: TransactionSession) {
    this.#session = session;
  }

  /** Resolves when the broker has fenced every older owner and finished their transactions. */
  static async open(
    options: KafkaOptions,
    transactionalId: string,
    timeoutMs: number,
  ): Promise<KafkajsFencedProducer> {
    const session = new TransactionSession(options, transactionalId, timeoutMs);
    try {
      await withDeadline(session.moveOn(), OPEN_DEADLINE_MS);
      return new KafkajsFencedProducer(session);
    } catch (error) {
      session.close();
      throw kafkaError('KAFKA_PRODUCER_UNAVAILABLE', `cannot open ${transactionalId}`, error);
    }
  }

  async transact(
    records: readonly OutgoingRecord[],
    deadlineMs: number,
  ): Promise<TransactionOutcome> {
    assert(!this.#isBusy, 'one transaction at a time');
    assert(!this.#isDead, 'the producer is dead: open a new one');
    if (records.length === 0) return COMMITTED;
    this.#isBusy = true;
    const outcome = await withDeadline(this.#transact(records), deadlineMs).catch(
      (error: unknown): TransactionOutcome => ({kind: 'unknown', error: toError(error)}),
    );
    this.#isBusy = false;
    if (outcome.kind === 'unknown' || outcome.kind === 'fenced') await this.close();
    return outcome;
  }

  async close(): Promise<void> {
    this.#isDead = true;
    this.#session.close();
  }

  async #transact(records: readonly OutgoingRecord[]): Promise<TransactionOutcome> {
    const session = this.#session;
    const sends = splitSends(records);
    const misplaced = await session.findMisplaced(records);
    if (misplaced !== undefined) {
      return {kind: 'aborted', error: partitionMissing(misplaced), isRefused: false};
    }
    try {
      if (this.#needsNewEpoch || session.hasUnanswered) await session.moveOn();
      this.#needsNewEpoch = false;
    } catch (error) {
      return fencedOrUnknown('the transaction could not begin', [error]);
    }
    try {
      await session.addPartitions(records);
      for (const send of sends) {
        failpoint('transaction:begun');
        await session.produce(send);
      }
      failpoint('transaction:produced');
    } catch (error) {
      if (isFencing(error)) return fencedOrUnknown('a send was fenced', [error]);
      return await this.#abort(error);
    }
    try {
      await session.end(true);
      return COMMITTED;
    } catch (error) {
      return fencedOrUnknown('the commit has no certain answer', [error]);
    }
  }

  /** After a failed send. The broker's word that the transaction is aborted makes it certain. */
  async #abort(cause: unknown): Promise<TransactionOutcome> {
    try {
      await this.#session.end(false);
    } catch (error) {
      return fencedOrUnknown('the abort has no certain answer', [cause, error]);
    }
    // The failed batches used up sequence numbers the broker never saw, and may be under way still.
    this.#needsNewEpoch = true;
    return {
      kind: 'aborted',
      error: kafkaError('KAFKA_SEND_FAILED', 'a send failed', cause),
      isRefused: isRefusal(cause),
    };
  }
}

function fencedOrUnknown(what: string, errors: readonly unknown[]): TransactionOutcome {
  const error = errors.length === 1 ? errors[0] : new AggregateError(errors);
  return errors.some((part) => isFencing(part))
    ? {kind: 'fenced', error: kafkaError('KAFKA_PRODUCER_FENCED', what, error)}
    : {kind: 'unknown', error: kafkaError('KAFKA_OUTCOME_UNKNOWN', what, error)};
}
