import type {Root} from '../../src/define/topology.ts';
import type {IncomingRecord} from '../../src/kafka/ports.ts';
import {assert} from '../../src/lib/assert.ts';
import type {TimedEvent} from '../engine/operator.ts';
import type {TaskEngine} from '../engine/task-engine.ts';
import type {RootPosition} from '../state/position.ts';
import {RootClock} from '../time/root-clock.ts';
import {isTooFarAhead} from '../time/too-far-ahead.ts';
import {eventDecoder, type DecodedEvent, type EventDecoder} from './decode-event.ts';
import {marksOf, type RecordMarks} from './record-marks.ts';
import {RecordQueue} from './record-queue.ts';
import type {RootInput, RootInputListener} from './root-input.ts';
import {SeqGuard} from './seq-guard.ts';

type StreamRoot = Extract<Root, {kind: 'stream'}>;

export interface StreamInputOptions {
  readonly root: StreamRoot;
  readonly engine: TaskEngine;
  /** Undefined: nothing was committed yet. */
  readonly position: RootPosition | undefined;
  readonly offset: bigint;
  readonly listener: RootInputListener;
}

/**
 * The data topic of a stream: decodes, drops what a shard repeats, and moves stream time.
 *
 * Invariant: offset, time and guards are those of the records applied, and are committed together with what these changed.
 */
export class StreamInput implements RootInput {
  readonly root: StreamRoot;
  readonly queue: RecordQueue;
  readonly #engine: TaskEngine;
  readonly #listener: RootInputListener;
  readonly #decode: EventDecoder;
  readonly #guard: SeqGuard;
  readonly #clock: RootClock;
  /** Of the next record, when its time was asked for before. */
  #ahead: {readonly marks: RecordMarks; readonly decoded: DecodedEvent} | undefined;
  #receivedMs: number | null;

  constructor({root, engine, position, offset, listener}: StreamInputOptions) {
    this.root = root;
    this.queue = new RecordQueue(offset);
    this.#engine = engine;
    this.#listener = listener;
    this.#receivedMs = position?.receivedMs ?? null;
    this.#decode = eventDecoder(root.stream);
    this.#guard = new SeqGuard(position?.guards);
    this.#clock = new RootClock(root.stream.idleMs, position?.timeMs ?? null);
  }

  get timeMs(): number | null {
    return this.#clock.timeMs;
  }

  get isIdle(): boolean {
    return this.#clock.isIdle;
  }

  get receivedMs(): number | null {
    return this.#receivedMs;
  }

  nextTimeMs(): number | null {
    const record = this.queue.peek();
    if (record === undefined) return null;
    if (this.#ahead === undefined) {
      const marks = marksOf(record);
      this.#ahead = {marks, decoded: this.#decode(record, marks)};
    }
    const {decoded} = this.#ahead;
    if (decoded.kind === 'invalid' || this.#isRefused(record, decoded.timed)) return null;
    return decoded.timed.timeMs;
  }

  applyNext(): void {
    const record = this.queue.peek();
    assert(record !== undefined, 'there is a next record');
    this.#listener.applying(record);
    this.#receivedMs = record.timestampMs;
    const ahead = this.#ahead;
    this.#ahead = undefined;
    const marks = ahead?.marks ?? marksOf(record);
    const verdict = this.#guard.check(marks);
    if (verdict.kind === 'duplicate') this.#listener.duplicate();
    else {
      if (verdict.kind === 'hole') this.#listener.hole(marks, verdict.missing);
      this.#apply(record, ahead?.decoded ?? this.#decode(record, marks));
    }
    this.queue.shift();
  }

  tick(nowMs: number, isAtEnd: boolean): boolean {
    if (!this.#clock.tick(nowMs, isAtEnd)) return false;
    this.#engine.advance(this.root.name, this.#clock.timeMs!);
    return true;
  }

  position(): RootPosition {
    return {
      offset: String(this.queue.offset),
      timeMs: this.#clock.timeMs,
      receivedMs: this.#receivedMs,
      guards: this.#guard.state(),
    };
  }

  #isRefused({timestampMs}: IncomingRecord, {timeMs}: TimedEvent): boolean {
    return isTooFarAhead(timeMs, timestampMs, this.root.stream.maxAheadMs);
  }

  #apply(record: IncomingRecord, decoded: DecodedEvent): void {
    if (decoded.kind === 'invalid') return this.#listener.invalid(decoded.reason);
    const {timed} = decoded;
    const {name} = this.root;
    if (this.#isRefused(record, timed)) {
      this.#engine.refuse(name, timed, 'future');
      return;
    }
    if (timed.timeMs >= 0) this.#clock.observe(timed.timeMs);
    this.#engine.apply(name, timed);
  }
}
