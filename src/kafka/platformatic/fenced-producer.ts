import {assert} from '../../lib/assert.ts';
import {toError} from '../../lib/errors.ts';
import {partitionMissing} from '../partition-missing.ts';
import type {FencedProducer, KafkaOptions, OutgoingRecord, TransactionOutcome} from '../ports.ts';
import {closeClient} from './client-base.ts';
import {isFencing, isRefusal, kafkaError} from './kafka-errors.ts';
import {failpoint} from '../../program/failpoint.ts';
import {splitSends} from '../split-sends.ts';
import {TransactionalClient} from './transactional-client.ts';
import {withDeadline} from '../with-deadline.ts';

/** Of opening a producer: an older owner's transaction is finished by then, or the coordinator is not well. */
const OPEN_DEADLINE_MS = 60_000;
const COMMITTED: TransactionOutcome = {kind: 'committed'};

type Transaction = Awaited<ReturnType<TransactionalClient['beginTransaction']>>;

/**
 * A producer that owns one transactional id.
 *
 * Invariant: after an outcome other than `committed` and `aborted`, nothing is sent through this object
 * again. Whatever it sent is decided by the broker: the next owner's InitProducerId ends what is open, and
 * what was committed is in the log to be read. So a crash here, at any line, leaves one question, which
 * the next owner answers by reading, never by remembering.
 */
export class PlatformaticFencedProducer implements FencedProducer {
  readonly #client: TransactionalClient;
  #isDead = false;
  #isBusy = false;
  #needsNewEpoch = false;

  private constructor(client: TransactionalClient) {
    this.#client = client;
  }

  /** Resolves when the broker has fenced every older owner and finished their transactions. */
  static async open(
    options: KafkaOptions,
    transactionalId: string,
    timeoutMs: number,
  ): Promise<PlatformaticFencedProducer> {
    const client = new TransactionalClient(options, transactionalId, timeoutMs);
    try {
      await withDeadline(initialize(client), OPEN_DEADLINE_MS);
      return new PlatformaticFencedProducer(client);
    } catch (error) {
      await closeClient(() => client.close(true), client);
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
    if (outcome.kind === 'unknown' || outcome.kind === 'fenced') {
      // Not awaited: the caller has its answer, and closing may wait for a broker that is gone.
      void this.close();
    }
    return outcome;
  }

  async close(): Promise<void> {
    this.#isDead = true;
    await closeClient(() => this.#client.close(true), this.#client);
  }

  async #transact(records: readonly OutgoingRecord[]): Promise<TransactionOutcome> {
    const sends = splitSends(records);
    const misplaced = await this.#findMisplaced(records);
    if (misplaced !== undefined) return {kind: 'aborted', error: misplaced, isRefused: false};
    let transaction: Transaction;
    try {
      transaction = await this.#begin();
    } catch (error) {
      return fencedOrUnknown('the transaction could not begin', error);
    }
    try {
      // One after another: the library drops partitions that parallel sends add to one transaction.
      for (const send of sends) {
        failpoint('transaction:begun');
        await transaction.send({messages: send.map(toMessage)});
      }
      failpoint('transaction:produced');
    } catch (error) {
      if (isFencing(error)) return fencedOrUnknown('a send was fenced', error);
      return await this.#abort(transaction, error);
    }
    try {
      await transaction.commit();
      return COMMITTED;
    } catch (error) {
      return fencedOrUnknown('the commit has no certain answer', error);
    }
  }

  /** The library would put a record for a partition that does not exist into another one. */
  async #findMisplaced(records: readonly OutgoingRecord[]): Promise<Error | undefined> {
    const topics = [...new Set(records.map((record) => record.topic))];
    const metadata = await this.#client.metadata({topics});
    const misplaced = records.find(
      ({topic, partition}) => partition >= (metadata.topics.get(topic)?.partitionsCount ?? 0),
    );
    return misplaced === undefined ? undefined : partitionMissing(misplaced);
  }

  async #begin(): Promise<Transaction> {
    const client = this.#client;
    const transaction = await client.beginTransaction();
    if (this.#needsNewEpoch || client.hasUnanswered) {
      const {producerId, producerEpoch} = client;
      assert(producerId !== undefined && producerEpoch !== undefined, 'initialized when opened');
      // With its own id and epoch a producer may only move itself on; a newer owner's epoch refuses it (KIP-360).
      await client.initIdempotentProducer({producerId, producerEpoch});
      client.hasUnanswered = false;
      this.#needsNewEpoch = false;
    }
    return transaction;
  }

  /** After a failed send. The broker's word that the transaction is aborted makes it certain. */
  async #abort(transaction: Transaction, cause: unknown): Promise<TransactionOutcome> {
    try {
      await transaction.abort();
    } catch (error) {
      return fencedOrUnknown('the abort has no certain answer', new AggregateError([cause, error]));
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

/** A transaction has to be begun for the library to know the transactional id; it is forgotten at once. */
async function initialize(client: TransactionalClient): Promise<void> {
  const transaction = await client.beginTransaction();
  await transaction.cancel();
  client.hasUnanswered = false;
}

function toMessage(record: OutgoingRecord) {
  return {topic: record.topic, partition: record.partition, value: record};
}

function fencedOrUnknown(what: string, error: unknown): TransactionOutcome {
  const fenced = isFencing(error) || errorsOf(error).some(isFencing);
  return fenced
    ? {kind: 'fenced', error: kafkaError('KAFKA_PRODUCER_FENCED', what, error)}
    : {kind: 'unknown', error: kafkaError('KAFKA_OUTCOME_UNKNOWN', what, error)};
}

function errorsOf(error: unknown): readonly unknown[] {
  return error instanceof AggregateError ? error.errors : [];
}
