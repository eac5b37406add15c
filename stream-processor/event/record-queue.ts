import type {IncomingRecord, PartitionBatch} from '../../src/kafka/ports.ts';

type Batch = Pick<PartitionBatch, 'records' | 'nextOffset'>;

/**
 * What was read of a partition and is not applied yet, in order. Nothing of it is kept: after a crash it is read again from
 * the committed offset on.
 */
export class RecordQueue {
  #batches: Batch[] = [];
  #place = 0;
  #count = 0;
  #bytes = 0;
  /** Of the first batch's first record or later; what was taken of that batch comes on top. */
  #offset: bigint;
  #endOffset: bigint;

  constructor(offset: bigint) {
    this.#offset = offset;
    this.#endOffset = offset;
  }

  get count(): number {
    return this.#count;
  }

  /** Of values. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Next offset to apply. */
  get offset(): bigint {
    const taken = this.#batches[0]?.records[this.#place - 1];
    // Made when asked for: big integers cost an object each.
    const next = taken === undefined ? this.#offset : taken.offset + 1n;
    return next > this.#offset ? next : this.#offset;
  }

  /** Next offset to read. */
  get endOffset(): bigint {
    return this.#endOffset;
  }

  push(batch: Batch): void {
    this.#endOffset = batch.nextOffset;
    if (batch.records.length > 0) {
      this.#batches.push(batch);
      this.#count += batch.records.length;
      for (const {value} of batch.records) this.#bytes += value?.byteLength ?? 0;
    }
    // Control and aborted records take offsets.
    if (this.#count === 0) this.#offset = this.#endOffset;
  }

  peek(): IncomingRecord | undefined {
    return this.#batches[0]?.records[this.#place];
  }

  /** Removes what `peek` returns. */
  shift(): void {
    const batch = this.#batches[0];
    const record = batch?.records[this.#place];
    if (batch === undefined || record === undefined) return;
    this.#count--;
    this.#bytes -= record.value?.byteLength ?? 0;
    this.#place++;
    if (this.#place < batch.records.length) return;
    this.#offset = this.#count === 0 ? this.#endOffset : batch.nextOffset;
    this.#batches.shift();
    this.#place = 0;
  }

  /** What lies before `offset` was deleted. */
  skipTo(offset: bigint): void {
    if (offset <= this.offset) return;
    this.#offset = offset;
    if (offset > this.#endOffset) this.#endOffset = offset;
  }
}
