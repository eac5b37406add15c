import protocol from 'kafkajs/src/protocol/requests/index.js';
import type {KafkaOptions, OutgoingRecord} from '../ports.ts';
import {encodeRecordBatch} from '../wire/encode-record-batch.ts';
import {sequenceAfter} from '../wire/sequence.ts';
import {BrokerError, isAnswered, isBrokerError, isFencing, throwOnCode} from './broker-error.ts';
import type {BrokerLink} from './broker-link.ts';
import {initProducerRequest, NO_IDENTITY, type ProducerIdentity} from './init-producer-request.ts';
import {COORDINATOR, KafkajsCluster, type ClusterView} from './kafkajs-cluster.ts';
import {produceRequest, type PartitionBatchBytes} from './produce-request.ts';
import {retryCall} from './retry-call.ts';

const {requests} = protocol;

/** With the delays of retry-delay.ts about 20 s; the caller's deadline usually comes first. */
const MAX_RETRIES = 100;

/** Kafka's codes. */
const LEADER_NOT_AVAILABLE = 5;
const UNKNOWN_SERVER_ERROR = -1;
/** What a coordinator says of the good partitions of a request that has a bad one. */
const NOT_ATTEMPTED = 'OPERATION_NOT_ATTEMPTED';

/**
 * The steps of one transactional id's transactions, each retried until a broker has answered it for good.
 *
 * The library's own producer is not used. It takes back sequence numbers after a send without an answer, so the
 * broker takes the next batch for a copy and drops it; it gives up EndTxn at the first lost answer; and its
 * InitProducerId has no identity, so that moving on to the next epoch would take the id from a newer owner.
 *
 * Invariant: within one epoch a partition's sequence numbers never go back and never name two different
 * batches. After a failed send, or a request without an answer, `moveOn` must come before the next transaction.
 */
export class TransactionSession {
  readonly #cluster: KafkajsCluster;
  readonly #transactionalId: string;
  readonly #timeoutMs: number;
  readonly #sequences = new Map<string, number>();
  #identity: ProducerIdentity = NO_IDENTITY;
  #hasUnanswered = false;

  constructor(options: KafkaOptions, transactionalId: string, timeoutMs: number) {
    this.#cluster = new KafkajsCluster(options);
    this.#transactionalId = transactionalId;
    this.#timeoutMs = timeoutMs;
  }

  /** A request was given up without an answer since `moveOn`: it may be under way and hit a later transaction (KAFKA-17754). */
  get hasUnanswered(): boolean {
    return this.#hasUnanswered;
  }

  /** The first time: fences every older owner. Later: moves itself on to the next epoch, if it is still the owner. */
  async moveOn(): Promise<void> {
    this.#identity = await this.#askCoordinator((link) =>
      link.send(initProducerRequest(this.#transactionalId, this.#timeoutMs, this.#identity)),
    );
    this.#sequences.clear();
    this.#hasUnanswered = false;
  }

  /** The first record whose partition does not exist, after a second look. */
  async findMisplaced(records: readonly OutgoingRecord[]): Promise<OutgoingRecord | undefined> {
    const topics = topicsOf(records);
    const find = (view: ClusterView): OutgoingRecord | undefined =>
      records.find(
        ({topic, partition}) => partition >= (view.topics.get(topic)?.leaders.length ?? 0),
      );
    const look = async (isFresh: boolean): Promise<ClusterView> =>
      await retryCall(() => this.#cluster.view(topics, isFresh), {
        retries: MAX_RETRIES,
        isOver: () => this.#cluster.isClosed,
      });
    return find(await look(false)) === undefined ? undefined : find(await look(true));
  }

  /** Tells the coordinator which partitions this transaction will write to: all of them, in one request. */
  async addPartitions(records: readonly OutgoingRecord[]): Promise<void> {
    const partitions = new Map<string, Set<number>>();
    for (const {topic, partition} of records) {
      const known = partitions.get(topic);
      if (known === undefined) partitions.set(topic, new Set([partition]));
      else known.add(partition);
    }
    const topics = [...partitions].map(([topic, numbers]) => ({topic, partitions: [...numbers]}));
    await this.#askCoordinator(async (link) => {
      const answer = await link.request(requests.AddPartitionsToTxn, {...this.#names(), topics});
      const errors = answer.errors
        .flatMap(({partitionErrors}) => partitionErrors)
        .filter(({errorCode}) => errorCode !== 0)
        .map(({errorCode}) => new BrokerError(errorCode));
      const [error] = errors.filter(({id}) => id !== NOT_ATTEMPTED).concat(errors);
      if (error !== undefined) throw error;
    });
  }

  /** One batch for each partition of `send`, to all leaders at once; resolves when every replica in sync has them. */
  async produce(send: readonly OutgoingRecord[]): Promise<void> {
    let open = this.#encode(send);
    const topics = topicsOf(send);
    await this.#retry(async (attempt) => {
      const view = await this.#cluster.view(topics, attempt > 0);
      const byLeader = Map.groupBy(open, ({topic, partition}) => {
        return view.topics.get(topic)?.leaders[partition] ?? -1;
      });
      const errors: unknown[] = [];
      const done = new Set<PartitionBatchBytes>();
      await Promise.all(
        [...byLeader].map(async ([leader, batches]) => {
          try {
            const failures = await this.#produceTo(leader, batches);
            for (const batch of batches) if (!failures.has(batch)) done.add(batch);
            errors.push(...failures.values());
          } catch (error) {
            errors.push(error);
          }
        }),
      );
      open = open.filter((batch) => !done.has(batch));
      this.#hasUnanswered ||= errors.some((error) => !isAnswered(error));
      if (errors.length > 0) throw worstOf(errors);
    });
  }

  /** Resolves when the coordinator has decided: whatever comes now, the transaction ends this way. */
  async end(isCommit: boolean): Promise<void> {
    await this.#askCoordinator(async (link) => {
      const decision = {...this.#names(), transactionResult: isCommit};
      throwOnCode((await link.request(requests.EndTxn, decision)).errorCode);
    });
  }

  close(): void {
    this.#cluster.close();
  }

  #names(): {transactionalId: string; producerId: bigint; producerEpoch: number} {
    return {transactionalId: this.#transactionalId, ...this.#identity};
  }

  #encode(send: readonly OutgoingRecord[]): readonly PartitionBatchBytes[] {
    const groups = Map.groupBy(send, ({topic, partition}) => `${topic}:${partition}`);
    return [...groups].map(([name, records]) => {
      const count = this.#sequences.get(name) ?? 0;
      this.#sequences.set(name, count + records.length);
      const [{topic, partition}] = records as [OutgoingRecord, ...OutgoingRecord[]];
      const baseSequence = sequenceAfter(count);
      return {
        topic,
        partition,
        bytes: encodeRecordBatch(records, {...this.#identity, baseSequence}),
      };
    });
  }

  /** What failed of the batches one leader was sent. */
  async #produceTo(
    leader: number,
    batches: readonly PartitionBatchBytes[],
  ): Promise<Map<PartitionBatchBytes, BrokerError>> {
    // A partition without a leader is worth another try, as if the broker had said so.
    if (leader < 0) throw new BrokerError(LEADER_NOT_AVAILABLE);
    const answer = await this.#cluster
      .node(leader)
      .send(produceRequest(this.#transactionalId, batches));
    const failures = new Map<PartitionBatchBytes, BrokerError>();
    for (const batch of batches) {
      const {topic, partition} = batch;
      const produced = answer.find((p) => p.topic === topic && p.partition === partition);
      const error = new BrokerError(produced?.errorCode ?? UNKNOWN_SERVER_ERROR);
      // An earlier copy of this very batch is in the log already.
      const isThere = produced?.errorCode === 0 || error.id === 'DUPLICATE_SEQUENCE_NUMBER';
      if (!isThere) failures.set(batch, error);
    }
    return failures;
  }

  #askCoordinator<T>(work: (link: BrokerLink) => Promise<T>): Promise<T> {
    const coordinator = {key: this.#transactionalId, type: COORDINATOR.transaction};
    return this.#retry(async () => {
      try {
        return await work(await this.#cluster.coordinator(coordinator));
      } catch (error) {
        if (!isBrokerError(error, ['CONCURRENT_TRANSACTIONS'])) this.#cluster.forgetCoordinator();
        throw error;
      }
    });
  }

  #retry<T>(work: (attempt: number) => Promise<T>): Promise<T> {
    return retryCall(work, {
      retries: MAX_RETRIES,
      isOver: () => this.#cluster.isClosed,
      onUnanswered: () => {
        this.#hasUnanswered = true;
      },
    });
  }
}

function topicsOf(records: readonly OutgoingRecord[]): readonly string[] {
  return [...new Set(records.map(({topic}) => topic))];
}

/** The one to act on: being fenced, then what no retry cures, then the rest. */
function worstOf(errors: readonly unknown[]): unknown {
  const final = errors.find((error) => error instanceof BrokerError && !error.isRetryable);
  return errors.find((error) => isFencing(error)) ?? final ?? errors[0];
}
