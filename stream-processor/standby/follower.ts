import type {PartitionBatch} from '../../src/kafka/ports.ts';
import {unusable, type Checkpoint} from '../state/checkpoint.ts';
import {publishedViews} from '../engine/published-views.ts';
import type {CheckpointPlace, TopicRanges} from '../restore/open-checkpoint.ts';
import {storeTables} from '../state/store-tables.ts';
import {StateBuilder} from '../restore/state-builder.ts';

/** Idle for so long, a file is saved again so that its age never makes it useless. */
const IDLE_SAVE_MS = 3_600_000;

export interface FollowerOptions extends CheckpointPlace {
  readonly checkpoint: Checkpoint;
  readonly ranges: TopicRanges;
}

export type Ends = ReadonlyMap<string, bigint>;

interface ReadPlace {
  readonly topic: string;
  readonly partition: number;
  /** The next to read. */
  offset: bigint;
  /** Of a result topic. */
  readonly view: string | undefined;
}

/** The state of somebody else's task as far as it was read, and the file that it is saved to. */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #builder: StateBuilder;
  readonly #changelog: ReadPlace;
  readonly #results: readonly ReadPlace[];
  /** Of the last position record read. */
  #positionOffset: bigint | undefined;
  #savedOffset: bigint | undefined;
  #savedAtMs: number;

  constructor(options: FollowerOptions) {
    this.#options = options;
    const {checkpoint, ranges, names, group, partition} = options;
    const {meta} = checkpoint;
    this.#builder = new StateBuilder(options, checkpoint);
    this.#savedAtMs = meta?.savedAtMs ?? Number.NEGATIVE_INFINITY;
    this.#changelog = {
      topic: names.changelog(group.name),
      partition,
      offset: meta?.changelogOffset ?? ranges.changelog.earliest,
      view: undefined,
    };
    this.#results = publishedViews(options).map(({name}) => ({
      topic: names.results(name),
      partition,
      offset: meta?.resultOffsets[name] ?? ranges.results[name]!.earliest,
      view: name,
    }));
  }

  get places(): readonly Readonly<ReadPlace>[] {
    return [this.#changelog, ...this.#results];
  }

  load(signal: AbortSignal): Promise<void> {
    return this.#builder.load(signal);
  }

  take({topic, records, nextOffset}: PartitionBatch): void {
    const place = [this.#changelog, ...this.#results].find((each) => each.topic === topic);
    if (place === undefined) return;
    for (const record of records) {
      if (place.view !== undefined) this.#builder.takeResult(place.view, record);
      else {
        const before = this.#builder.position;
        this.#builder.takeChange(record);
        if (this.#builder.position !== before) this.#positionOffset = record.offset;
      }
    }
    place.offset = nextOffset;
  }

  /** Where what is committed by now ends, by topic. */
  async ends(): Promise<Ends> {
    const {admin} = this.#options;
    return new Map(
      await Promise.all(
        this.places.map(
          async ({topic, partition}) =>
            [topic, await admin.stableEndOffset(topic, partition)] as const,
        ),
      ),
    );
  }

  /** Whether all before these ends was read. */
  hasRead(ends: Ends): boolean {
    return this.places.every(({topic, offset}) => offset >= ends.get(topic)!);
  }

  /**
   * Saves the file if there is something new. `endMs`: when all had been read.
   * @throws ForebayError `CHECKPOINT_UNUSABLE` when the file belongs to another changelog; `VIEW_CHANGED`
   */
  async save(endMs: number, signal: AbortSignal): Promise<void> {
    const {checkpoint, checkpointPath} = this.#options;
    const {position} = this.#builder;
    const changelogOffset = this.#positionOffset;
    // Nothing was ever committed.
    if (position === undefined || changelogOffset === undefined) return;
    if (checkpoint.meta !== undefined && checkpoint.meta.origin !== position.origin) {
      throw unusable(checkpointPath, new Error('it belongs to another changelog topic'));
    }
    if (changelogOffset === this.#savedOffset && endMs - this.#savedAtMs < IDLE_SAVE_MS) return;
    this.#builder.checkLayouts();
    for (const store of this.#builder.stores) {
      store.markCommitted();
      for (const step of store.takeUnsaved()) {
        step(checkpoint.tables);
        await new Promise((resolve) => void setImmediate(resolve));
        signal.throwIfAborted();
      }
    }
    const resultOffsets = Object.fromEntries(
      this.#results.map(({view, offset}) => [view!, offset]),
    );
    checkpoint.save({
      origin: position.origin,
      savedAtMs: endMs,
      changelogOffset,
      resultOffsets,
      stores: storeTables(this.#builder.stores),
    });
    this.#savedOffset = changelogOffset;
    this.#savedAtMs = endMs;
  }
}
