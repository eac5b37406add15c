/**
 * A Kafka small enough to be certain of: one log per partition, one epoch per transactional id, and transactions that end
 * as the test says. What the real one does is tested on the real one; this is for schedules no real one can be made to run.
 */
import {isRestoreMark} from '../../src/kafka/restore-mark.ts';
import type {
  FencedProducer,
  IncomingRecord,
  Kafka,
  OutgoingRecord,
  PartitionBatch,
  TransactionOutcome,
} from '../../src/kafka/ports.ts';

/** `unknownApplied` was committed, `unknownLost` was not, and the producer is told neither. */
export type ModelOutcome = 'committed' | 'aborted' | 'unknownApplied' | 'unknownLost';

export interface ModelKafkaOptions {
  /** Asked once per transaction of a producer that is not fenced; restore marks are always committed. */
  readonly outcome: () => ModelOutcome;
  /** Awaited inside every transaction, before it is decided. */
  readonly delay: () => Promise<void>;
  /** A transaction with such a record is aborted, as refused. */
  readonly refuses?: (record: OutgoingRecord) => boolean;
}

export class ModelKafka implements Kafka {
  /** Transactions handed over so far, decided or not. */
  begun = 0;
  readonly #options: ModelKafkaOptions;
  readonly #epochs = new Map<string, number>();
  readonly #logs = new Map<string, IncomingRecord[]>();

  constructor(options: ModelKafkaOptions) {
    this.#options = options;
  }

  log(topic: string, partition: number): IncomingRecord[] {
    const name = `${topic}/${partition}`;
    const known = this.#logs.get(name);
    if (known !== undefined) return known;
    const log: IncomingRecord[] = [];
    this.#logs.set(name, log);
    return log;
  }

  async openFencedProducer(id: string): Promise<FencedProducer> {
    const epoch = (this.#epochs.get(id) ?? 0) + 1;
    this.#epochs.set(id, epoch);
    const isFenced = (): boolean => this.#epochs.get(id) !== epoch;
    let isDead = false;
    return {
      transact: async (records) => {
        if (isDead) throw new Error('a dead producer was used');
        // A new owner's first transaction is not what tests script.
        if (records.every((record) => isRestoreMark(record)) && !isFenced()) {
          this.#apply(records);
          return {kind: 'committed'};
        }
        this.begun += 1;
        await this.#options.delay();
        const outcome = this.#decide(records, isFenced());
        isDead = outcome.kind === 'unknown' || outcome.kind === 'fenced';
        return outcome;
      },
      close: async () => {
        isDead = true;
      },
    };
  }

  async openReader(): Promise<
    ReturnType<Kafka['openReader']> extends Promise<infer R> ? R : never
  > {
    const next = new Map<string, {topic: string; partition: number; offset: bigint}>();
    return {
      assign: (topic, partition, offset) =>
        void next.set(`${topic}/${partition}`, {topic, partition, offset}),
      unassign: (topic, partition) => void next.delete(`${topic}/${partition}`),
      poll: async () =>
        [...next.values()].map((position): PartitionBatch => {
          const {topic, partition, offset} = position;
          const log = this.log(topic, partition);
          const end = BigInt(log.length);
          position.offset = end;
          const records = log.slice(Number(offset));
          return {topic, partition, records, nextOffset: end, lastStableOffset: end};
        }),
      close: async () => {},
    };
  }

  async openAdmin(): Promise<ReturnType<Kafka['openAdmin']> extends Promise<infer A> ? A : never> {
    return {
      createTopics: async () => {},
      deleteTopics: async () => {},
      describeTopics: async () => [],
      earliestOffset: async () => 0n,
      stableEndOffset: async (topic, partition) => BigInt(this.log(topic, partition).length),
      stableEndOffsets: async () => [],
      close: async () => {},
    };
  }

  async joinGroup(): Promise<never> {
    throw new Error('this model has no groups');
  }

  #decide(records: readonly OutgoingRecord[], isFenced: boolean): TransactionOutcome {
    const error = new Error('so the model says');
    if (isFenced) return {kind: 'fenced', error};
    const {refuses} = this.#options;
    if (refuses !== undefined && records.some(refuses))
      return {kind: 'aborted', error: new Error('MESSAGE_TOO_LARGE'), isRefused: true};
    const outcome = this.#options.outcome();
    if (outcome === 'committed' || outcome === 'unknownApplied') this.#apply(records);
    if (outcome === 'committed') return {kind: 'committed'};
    if (outcome === 'aborted') return {kind: 'aborted', error, isRefused: false};
    return {kind: 'unknown', error};
  }

  #apply(records: readonly OutgoingRecord[]): void {
    for (const {topic, partition, key, value, headers, timestampMs} of records) {
      const log = this.log(topic, partition);
      log.push({offset: BigInt(log.length), key, value, headers, timestampMs});
    }
  }
}
