import type {OutgoingRecord} from '../src/kafka/ports.ts';
import {utf8} from '../src/lib/bytes.ts';
import {encodeProgress, type DrainProgress} from '../src/protocol/drain-progress.ts';
import {MAX_TRANSACTION_BYTES, MAX_TRANSACTION_RECORDS} from './limits.ts';

/** A frame of one shard, built for Kafka. */
export interface BuiltFrame {
  readonly shard: string;
  readonly stream: string;
  /** The position Kafka has reached once these records are committed. */
  readonly progress: DrainProgress;
  readonly records: readonly OutgoingRecord[];
  /** What the frame costs of its shard's credit. */
  readonly costBytes: number;
}

/** What a transaction does to one shard. */
export interface ShardShare {
  readonly stream: string;
  progress: DrainProgress;
  records: number;
  frames: number;
  costBytes: number;
}

/** What goes into one Kafka transaction: records in the order they were added, and the position each shard reaches. */
export class TransactionBatch {
  readonly #records: OutgoingRecord[] = [];
  readonly #shares = new Map<string, ShardShare>();
  #bytes = 0;

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

  add(frame: BuiltFrame): void {
    for (const record of frame.records) this.#records.push(record);
    this.#bytes += frame.costBytes;
    const share = this.#shares.get(frame.shard);
    if (share === undefined) {
      this.#shares.set(frame.shard, {
        stream: frame.stream,
        progress: frame.progress,
        records: frame.records.length,
        frames: 1,
        costBytes: frame.costBytes,
      });
      return;
    }
    share.progress = frame.progress;
    share.records += frame.records.length;
    share.frames += 1;
    share.costBytes += frame.costBytes;
  }

  /** The records followed by one progress record per shard touched, to `partition` of the progress topic. */
  withProgress(options: ProgressOptions): readonly OutgoingRecord[] {
    const {topic, partition, nowMs} = options;
    const progress = Array.from(this.#shares, ([shard, share]) => ({
      topic,
      partition,
      key: utf8(shard),
      value: encodeProgress(share.progress),
      headers: [],
      timestampMs: nowMs,
    }));
    return this.#records.concat(progress);
  }
}

export interface ProgressOptions {
  readonly topic: string;
  readonly partition: number;
  readonly nowMs: number;
}
