import type {Repartition} from '../../src/define/topology.ts';
import {assert} from '../../src/lib/assert.ts';
import {ForebayError, toError} from '../../src/lib/errors.ts';
import type {TaskEngine} from '../engine/task-engine.ts';
import {readRepartition, type RepartitionRoot} from '../repartition/read-repartition.ts';
import {eventTimeOf} from '../repartition/repartition-codec.ts';
import {isOfFile} from '../state/checkpoint.ts';
import type {RootPosition} from '../state/position.ts';
import {WriterTimes} from '../time/writer-times.ts';
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

/**
 * A repartition topic: its time is the least of the tasks that write it, who tell theirs with every record.
 *
 * Invariant: offset and writers' times are those of the records applied, and are committed together with what these changed.
 */
export class RepartitionInput implements RootInput {
  readonly root: Repartition;
  readonly queue: RecordQueue;
  readonly #times: WriterTimes;
  readonly #reading: RepartitionRoot;
  readonly #listener: RootInputListener;
  #receivedMs: number | null;

  constructor({root, writers, engine, position, offset, listener}: RepartitionInputOptions) {
    this.root = root;
    this.queue = new RecordQueue(offset);
    const {timeMs = null, writers: times = {}} = position ?? {};
    this.#times = new WriterTimes(writers, {timeMs, writers: times});
    this.#reading = {
      name: root.name,
      times: this.#times,
      listener: {
        advance: (rootMs) => engine.advance(root.name, rootMs),
        event: (event) => engine.apply(root.name, event),
      },
    };
    this.#listener = listener;
    this.#receivedMs = position?.receivedMs ?? null;
  }

  get timeMs(): number | null {
    return this.#times.timeMs;
  }

  get isIdle(): boolean {
    return this.#times.isEmpty;
  }

  get receivedMs(): number | null {
    return this.#receivedMs;
  }

  nextTimeMs(): number | null {
    const record = this.queue.peek();
    return record === undefined ? null : eventTimeOf(record.value);
  }

  applyNext(): void {
    const record = this.queue.peek();
    assert(record !== undefined, 'there is a next record');
    this.#listener.applying(record);
    this.#receivedMs = record.timestampMs;
    try {
      readRepartition(record, this.#reading);
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
    const {timeMs, writers} = this.#times.state();
    const {receivedMs} = this;
    return {offset: String(this.queue.offset), timeMs, receivedMs, writers};
  }
}
