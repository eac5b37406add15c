import type {Repartition} from '../../src/define/topology.ts';
import {assert} from '../../src/lib/assert.ts';
import {ForebayError, toError} from '../../src/lib/errors.ts';
import type {TaskEngine} from '../engine/task-engine.ts';
import {RepartitionReader, type RepartitionListener} from '../repartition/repartition-reader.ts';
import {isOfFile} from '../state/checkpoint.ts';
import type {RootPosition} from '../state/position.ts';
import {RecordQueue} from './record-queue.ts';
import type {RootInput, RootInputListener} from './root-input.ts';

export interface RepartitionInputOptions {
  readonly root: Repartition;
  /** How many tasks write the topic. */
  readonly writers: number;
  readonly engine: TaskEngine;
  /** Undefined: nothing was committed yet. */
  readonly position: RootPosition | undefined;
  readonly offset: bigint;
  readonly listener: RootInputListener;
}

/** A repartition topic: its time is the least of the tasks that write it, who tell theirs with every record. */
export class RepartitionInput implements RootInput {
  readonly root: Repartition;
  readonly queue: RecordQueue;
  readonly #reader: RepartitionReader;
  readonly #listener: RootInputListener;
  readonly #engine: RepartitionListener;
  #receivedMs: number | null;

  constructor({root, writers, engine, position, offset, listener}: RepartitionInputOptions) {
    this.root = root;
    this.queue = new RecordQueue(offset);
    const {timeMs = null, writers: times = {}} = position ?? {};
    this.#reader = new RepartitionReader(root, writers, {timeMs, writers: times});
    this.#listener = listener;
    this.#receivedMs = position?.receivedMs ?? null;
    this.#engine = {
      advance: (rootMs) => engine.advance(root.name, rootMs),
      event: (event) => engine.apply(root.name, event),
    };
  }

  get timeMs(): number | null {
    return this.#reader.timeMs;
  }

  get isIdle(): boolean {
    return this.#reader.isEmpty;
  }

  get receivedMs(): number | null {
    return this.#receivedMs;
  }

  nextTimeMs(): number | null {
    const record = this.queue.peek();
    return record === undefined ? null : this.#reader.eventTimeOf(record);
  }

  applyNext(): void {
    const record = this.queue.peek();
    assert(record !== undefined, 'there is a next record');
    this.#listener.applying(record);
    this.#receivedMs = record.timestampMs;
    try {
      this.#reader.read(record, this.#engine);
    } catch (error) {
      // What a newer release wrote is not to be dropped by an older one.
      const isNewer = error instanceof ForebayError && error.code === 'REPARTITION_VERSION';
      if (isNewer || isOfFile(error)) throw error;
      this.#listener.invalid(toError(error).message);
    }
    this.queue.shift();
  }

  /** Its writers' ticks are in what they write. */
  tick(): boolean {
    return false;
  }

  position(): RootPosition {
    const {timeMs, writers} = this.#reader.state();
    const {receivedMs} = this;
    return {offset: String(this.queue.offset), timeMs, receivedMs, writers};
  }
}
