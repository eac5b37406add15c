import type {OutgoingRecord} from '../src/kafka/ports.ts';
import {utf8} from '../src/lib/bytes.ts';
import {encodeProgress, type DrainProgress} from '../src/protocol/drain-progress.ts';
import {previousSeqHeader} from '../src/record/kafka-headers.ts';
import {advanceProgress, previousDataSeq, type SeqSpan} from './advance-progress.ts';
import {MAX_TRANSACTION_BYTES, MAX_TRANSACTION_RECORDS} from './limits.ts';
import type {Refusal} from './refusal.ts';

/** A frame of one shard, built for Kafka, or a part of one. */
export interface BuiltFrame {
  readonly shard: string;
  readonly stream: string;
  /** The position Kafka has reached once these records are committed; a seq for each record ends there. */
  readonly progress: DrainProgress;
  readonly records: readonly OutgoingRecord[];
  /** What the frame costs of its shard's credit. */
  readonly costBytes: number;
  /** Set on all parts of a frame but its last: the frame is settled, and paid, with that. */
  readonly isPart?: boolean;
  /** Set on a single record that goes to the dead letters of its stream. */
  readonly refusal?: Refusal;
}

/** What a transaction does to one shard. */
export interface ShardShare {
  readonly stream: string;
  readonly firstSeq: number;
  /** Where the shard's records begin in the batch. */
  readonly firstAt: number;
  readonly refusal: Refusal | null;
  progress: DrainProgress;
  records: number;
  frames: number;
  costBytes: number;
}

/** What goes into one Kafka transaction: records in the order they were added, and the position each shard reaches. */
export class TransactionBatch {
  readonly #frames: BuiltFrame[] = [];
  readonly #records: OutgoingRecord[] = [];
  readonly #shares = new Map<string, ShardShare>();
  #bytes = 0;

  static of(frames: readonly BuiltFrame[]): TransactionBatch {
    const batch = new TransactionBatch();
    for (const frame of frames) batch.add(frame);
    return batch;
  }

  /** Per shard touched. */
  get shares(): ReadonlyMap<string, ShardShare> {
    return this.#shares;
  }

  get isEmpty(): boolean {
    return this.#shares.size === 0;
  }

  get isFull(): boolean {
    return this.#bytes >= MAX_TRANSACTION_BYTES || this.#records.length >= MAX_TRANSACTION_RECORDS;
  }

  /** The frame of a batch that is one record. */
  get single(): BuiltFrame | null {
    return this.#records.length === 1 ? this.#frames[0]! : null;
  }

  add(frame: BuiltFrame): void {
    const {shard, stream, progress, records, costBytes} = frame;
    const frames = frame.isPart === true ? 0 : 1;
    const share = this.#shares.get(shard);
    if (share === undefined) {
      this.#shares.set(shard, {
        stream,
        firstSeq: progress.seq - records.length + 1,
        firstAt: this.#records.length,
        refusal: frame.refusal ?? null,
        progress,
        records: records.length,
        frames,
        costBytes,
      });
    } else {
      share.progress = progress;
      share.records += records.length;
      share.frames += frames;
      share.costBytes += costBytes;
    }
    this.#frames.push(frame);
    for (const record of records) this.#records.push(record);
    this.#bytes += costBytes;
  }

  /** Two batches that are this one when they are committed one after the other; `null` for a single record. */
  halves(): readonly [first: TransactionBatch, second: TransactionBatch] | null {
    const frames = this.#frames.length === 1 ? cutFrame(this.#frames[0]!) : this.#frames;
    if (frames.length === 1) return null;
    const middle = Math.ceil(frames.length / 2);
    return [
      TransactionBatch.of(frames.slice(0, middle)),
      TransactionBatch.of(frames.slice(middle)),
    ];
  }

  without(shard: string): TransactionBatch {
    return TransactionBatch.of(this.#frames.filter((frame) => frame.shard !== shard));
  }

  /** The records followed by one progress record per shard touched, to `partition` of the progress topic. */
  toTransaction({topic, partition, nowMs, before}: TransactionOptions): Transaction {
    const records = [...this.#records];
    const positions = new Map<string, DrainProgress>();
    for (const [shard, {progress, firstSeq, firstAt, refusal}] of this.#shares) {
      const span: SeqSpan = {
        incarnation: progress.incarnation,
        firstSeq,
        lastSeq: progress.seq,
      };
      const last = before.get(shard);
      const previousSeq = previousDataSeq(span, last);
      if (refusal === null && previousSeq !== firstSeq - 1) {
        const {headers, ...record} = records[firstAt]!;
        records[firstAt] = {...record, headers: [...headers, previousSeqHeader(previousSeq)]};
      }
      const position = advanceProgress(span, last, refusal === null ? 'data' : 'dead-letter');
      positions.set(shard, position);
      const value = encodeProgress(position);
      records.push({topic, partition, key: utf8(shard), value, headers: [], timestampMs: nowMs});
    }
    return {records, positions};
  }
}

export interface TransactionOptions {
  readonly topic: string;
  readonly partition: number;
  readonly nowMs: number;
  /** What is committed of each shard. */
  readonly before: ReadonlyMap<string, DrainProgress>;
}

export interface Transaction {
  readonly records: readonly OutgoingRecord[];
  /** Per shard touched, what is committed of it once this is. */
  readonly positions: ReadonlyMap<string, DrainProgress>;
}

function cutFrame(frame: BuiltFrame): readonly BuiltFrame[] {
  const {records, progress} = frame;
  if (records.length === 1) return [frame];
  const middle = Math.ceil(records.length / 2);
  return [
    {
      ...frame,
      records: records.slice(0, middle),
      progress: {...progress, seq: progress.seq - (records.length - middle)},
      costBytes: 0,
      isPart: true,
    },
    {...frame, records: records.slice(middle)},
  ];
}
