import type {Repartition} from '../../../../src/define/topology.ts';
import type {OutgoingRecord} from '../../../../src/kafka/ports.ts';
import type {Sink} from '../../../../stream-processor/engine/sink.ts';
import {sinkOf} from '../../../../stream-processor/repartition/sink-of.ts';
import {RootClock} from '../../../../stream-processor/time/root-clock.ts';

export interface Sale {
  readonly shop: string;
  readonly timeMs: number;
  readonly amount: number;
}

interface Committed {
  readonly offset: number;
  readonly timeMs: number | null;
  readonly lateCount: number;
}

/** The upstream task of one partition, without Kafka: it reads `log` and its commits go to `send`. */
export class ModelWriter {
  readonly #root: Repartition;
  readonly #writer: number;
  readonly #log: readonly Sale[];
  readonly #send: (records: readonly OutgoingRecord[]) => void;
  readonly #clock = {nowMs: () => this.#nowMs};
  #nowMs = 1_000_000;
  #committed: Committed = {offset: 0, timeMs: null, lateCount: 0};
  #life: {sink: Sink; time: RootClock; offset: number; lateCount: number};

  constructor(
    root: Repartition,
    {writer, log}: {readonly writer: number; readonly log: readonly Sale[]},
    send: (records: readonly OutgoingRecord[]) => void,
  ) {
    this.#root = root;
    this.#writer = writer;
    this.#log = log;
    this.#send = send;
    this.#life = this.#begin();
  }

  get isAtEnd(): boolean {
    return this.#life.offset === this.#log.length;
  }

  get lateCount(): number {
    return this.#life.lateCount;
  }

  apply(count: number): void {
    const {sink, time} = this.#life;
    for (let left = count; left > 0 && !this.isAtEnd; left--) {
      const event = this.#log[this.#life.offset++]!;
      time.observe(event.timeMs);
      sink.advance(time.timeMs!);
      sink.take({key: '', timeMs: event.timeMs, id: '', event});
    }
    if (this.#log.length === 0) sink.noteEmpty();
  }

  /** `isAborted`: the first try was, and the same is sent again. */
  commit(isAborted: boolean): void {
    this.#nowMs += 100;
    const {sink, time, offset, lateCount} = this.#life;
    const records = sink.takeRecords(this.#nowMs);
    if (isAborted) sink.takeRecords(this.#nowMs);
    this.#send(records);
    sink.markCommitted();
    this.#committed = {offset, timeMs: time.timeMs, lateCount};
  }

  /** What was not committed never happened. */
  crash(): void {
    this.#life = this.#begin();
  }

  /** Everything is read, and what waits for its second is sent. */
  finish(): void {
    this.apply(Number.POSITIVE_INFINITY);
    this.commit(false);
    this.#nowMs += 1_000;
    if (this.#life.sink.isPending()) this.commit(false);
  }

  #begin() {
    const {offset, timeMs, lateCount} = this.#committed;
    const sink = sinkOf(this.#root, {
      topic: 'sales',
      writer: this.#writer,
      clock: this.#clock,
      onLate: () => this.#life.lateCount++,
    });
    if (timeMs !== null) sink.advance(timeMs);
    return {sink, time: new RootClock(60_000, timeMs), offset, lateCount};
  }
}
