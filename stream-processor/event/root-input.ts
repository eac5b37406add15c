import type {Root} from '../../src/define/topology.ts';
import type {IncomingRecord} from '../../src/kafka/ports.ts';
import type {RootPosition} from '../state/position.ts';
import type {RecordMarks} from './record-marks.ts';
import type {RecordQueue} from './record-queue.ts';

/** One root of a task: what was read of it and waits, and what is remembered of what was applied. */
export interface RootInput {
  readonly root: Root;
  readonly queue: RecordQueue;
  readonly timeMs: number | null;
  /** Whether nothing has come for so long that others need not wait for its first event. */
  readonly isIdle: boolean;
  /** Received time of the newest record applied. */
  readonly receivedMs: number | null;
  /** Event time of the next record; `null` when there is none, or it has none that moves time. */
  nextTimeMs(): number | null;
  /** Applies the next record, which there is. */
  applyNext(): void;
  /** Wall time has passed. Whether that moved the root's time. `isAtEnd`: Kafka has nothing more, and just said so. */
  tick(nowMs: number, isAtEnd: boolean): boolean;
  position(): RootPosition;
}

/** Told of what a record turns out to be. */
export interface RootInputListener {
  /** Before anything is done with it. */
  applying(record: IncomingRecord): void;
  duplicate(): void;
  hole(marks: RecordMarks, missing: number): void;
  invalid(reason: string): void;
}
