import {TransactionBatch, type BuiltFrame} from './transaction-batch.ts';

/** A shard as the collector sees it. */
export interface FrameSource {
  /** The next frame that was received and not taken yet, built; `null` when there is none. */
  takeFrame(): BuiltFrame | null;
}

/**
 * Collects the next transaction from all shards of a task. Shards take turns, one frame each, and the turn is kept from
 * one batch to the next: a shard with a long backlog fills what the others leave, and never more.
 */
export class Collector {
  readonly #sources: readonly FrameSource[];
  #turn = 0;
  #batch = new TransactionBatch();

  constructor(sources: readonly FrameSource[]) {
    this.#sources = sources;
  }

  get isEmpty(): boolean {
    return this.#batch.isEmpty;
  }

  /** Adds what is there, up to the bounds of a transaction. Called whenever a frame arrives or a batch was taken. */
  fill(): void {
    const count = this.#sources.length;
    for (let idle = 0; idle < count && !this.#batch.isFull;) {
      const frame = this.#sources[this.#turn]!.takeFrame();
      this.#turn = (this.#turn + 1) % count;
      if (frame === null) idle += 1;
      else {
        idle = 0;
        this.#batch.add(frame);
      }
    }
  }

  /** Forgets what was collected of a shard that reads on from an earlier position. */
  drop(shard: string): void {
    this.#batch = this.#batch.without(shard);
  }

  /** Hands over what was collected and starts the next. */
  take(): TransactionBatch {
    const batch = this.#batch;
    this.#batch = new TransactionBatch();
    return batch;
  }
}
