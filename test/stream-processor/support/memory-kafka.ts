import type {
  CommittedReader,
  IncomingRecord,
  Kafka,
  OutgoingRecord,
  PartitionBatch,
  TopicAdmin,
} from '../../../src/kafka/ports.ts';

/**
 * Logs in memory with what matters of Kafka's to restoring: a transaction is there as a whole, each ends with a marker that
 * takes an offset, and compaction may drop what is superseded.
 */
export class MemoryKafka {
  #owner = 0;

  /** A newer owner: what `isOwner` said of older ones is over. */
  fence(): number {
    this.#owner += 1;
    return this.#owner;
  }

  isOwner(owner: number): boolean {
    return owner === this.#owner;
  }

  readonly #logs = new Map<string, {records: IncomingRecord[]; end: bigint}>();

  /** One committed transaction. */
  commit(records: readonly OutgoingRecord[]): void {
    const touched = new Set(records.map(({topic, partition}) => this.#log(topic, partition)));
    for (const {topic, partition, ...record} of records) {
      const log = this.#log(topic, partition);
      log.records.push({...record, offset: log.end++});
    }
    for (const log of touched) log.end++;
  }

  records(topic: string, partition: number): readonly IncomingRecord[] {
    return this.#log(topic, partition).records;
  }

  /** Keeps the last record of every key; with `dropTombstones`, none of a key whose last one is a tombstone. */
  compact(topic: string, partition: number, options: {dropTombstones: boolean}): void {
    const log = this.#log(topic, partition);
    const last = new Map(log.records.map((record) => [keyOf(record), record]));
    log.records = log.records.filter(
      (record) =>
        last.get(keyOf(record)) === record && !(options.dropTombstones && record.value === null),
    );
  }

  delete(topic: string, partition: number): void {
    this.#logs.delete(`${topic} ${partition}`);
  }

  port(): Kafka {
    return {
      openAdmin: async () => this.admin(),
      openReader: async () => this.#reader(),
      openFencedProducer: () => Promise.reject(new Error('not needed here')),
      joinGroup: () => Promise.reject(new Error('not needed here')),
    };
  }

  admin(): TopicAdmin {
    return {
      createTopics: async () => {},
      deleteTopics: async () => {},
      describeTopics: async () => [],
      earliestOffset: async () => 0n,
      stableEndOffset: async (topic, partition) => this.#log(topic, partition).end,
      stableEndOffsets: async (topic) => [this.#log(topic, 0).end],
      close: async () => {},
    };
  }

  #reader(): CommittedReader {
    const positions: {topic: string; partition: number; offset: bigint}[] = [];
    return {
      assign: (topic, partition, offset) => void positions.push({topic, partition, offset}),
      unassign: () => {},
      close: async () => {},
      poll: async () =>
        positions.flatMap((position): PartitionBatch[] => {
          const {topic, partition, offset} = position;
          const {records, end} = this.#log(topic, partition);
          if (offset >= end) return [];
          position.offset = end;
          const behind = records.filter((record) => record.offset >= offset);
          return [{topic, partition, records: behind, nextOffset: end, lastStableOffset: end}];
        }),
    };
  }

  #log(topic: string, partition: number) {
    const name = `${topic} ${partition}`;
    let log = this.#logs.get(name);
    if (log === undefined) this.#logs.set(name, (log = {records: [], end: 0n}));
    return log;
  }
}

function keyOf({key}: IncomingRecord): string {
  return Buffer.from(key ?? []).toString('latin1');
}
