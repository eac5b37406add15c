import type {FencedProducer, Kafka, OutgoingRecord} from '../../../src/kafka/ports.ts';
import {utf8} from '../../../src/lib/bytes.ts';
import {partitionOf} from '../../../src/record/shard.ts';
import {readings} from './pipeline.ts';

export interface Reading {
  readonly station: string;
  readonly timeMs: number;
  readonly temperatureC: number;
}

const DEADLINE_MS = 20_000;
const BATCH = 500;

export interface ReadingRecordOptions {
  readonly topic: string;
  readonly incarnation?: string;
  readonly seq: number;
}

/** A record as the drain writes it. */
export function readingRecord(reading: Reading, options: ReadingRecordOptions): OutgoingRecord {
  const key = utf8(reading.station);
  const partition = partitionOf(key, readings.partitions);
  const time = new Date(reading.timeMs).toISOString();
  const value = {station: reading.station, time, temperatureC: reading.temperatureC};
  return {
    topic: options.topic,
    partition,
    key,
    value: utf8(JSON.stringify(value)),
    headers: [
      ['ce_time', utf8(time)],
      ['forebay_shard', utf8(`readings/${partition}`)],
      ['forebay_incarnation', utf8(options.incarnation ?? 'first')],
      ['forebay_seq', utf8(String(options.seq))],
      ['forebay_received', utf8(new Date().toISOString())],
    ],
    timestampMs: Date.now(),
  };
}

/** Sends readings in order, with the dense seqs a drain gives them, many transactions long. */
export class ReadingProducer {
  readonly #producer: FencedProducer;
  readonly #topic: string;
  readonly #incarnation: string;
  readonly #seqs = new Map<number, number>();
  #last: readonly OutgoingRecord[] = [];

  private constructor(producer: FencedProducer, topic: string, incarnation: string) {
    this.#producer = producer;
    this.#topic = topic;
    this.#incarnation = incarnation;
  }

  static async open(kafka: Kafka, topic: string, incarnation = 'first'): Promise<ReadingProducer> {
    const producer = await kafka.openFencedProducer(`${topic}.test`, 30_000);
    return new ReadingProducer(producer, topic, incarnation);
  }

  async send(all: readonly Reading[], batch = BATCH): Promise<void> {
    for (let at = 0; at < all.length; at += batch) {
      await this.sendRecords(
        all.slice(at, at + batch).map((reading) => {
          const partition = partitionOf(utf8(reading.station), readings.partitions);
          const seq = (this.#seqs.get(partition) ?? 0) + 1;
          this.#seqs.set(partition, seq);
          const incarnation = this.#incarnation;
          return readingRecord(reading, {topic: this.#topic, incarnation, seq});
        }),
      );
    }
  }

  /** Sends what it sent last once more, with the same seqs. */
  async repeat(): Promise<void> {
    await this.sendRecords(this.#last);
  }

  async sendRecords(records: readonly OutgoingRecord[]): Promise<void> {
    const outcome = await this.#producer.transact(records, DEADLINE_MS);
    if (outcome.kind !== 'committed') throw outcome.error;
    this.#last = records;
  }

  close(): Promise<void> {
    return this.#producer.close();
  }
}
