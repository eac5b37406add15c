import type {OutgoingRecord} from '../../src/kafka/ports.ts';
import type {TimedEvent} from './operator.ts';

/**
 * What a task writes for the tasks of another group: its end of a repartition topic.
 *
 * Nothing in it outlives a commit: records are made of the events between two, and a task that starts over reads those
 * again. So it has no store.
 */
export interface Sink {
  /** Of the root at the other end. */
  readonly name: string;
  /** An event of what is re-keyed. Throws what a function of the definition throws, and is unchanged then. */
  take(event: TimedEvent): void;
  /** The least time of what it reads, also the one that was restored: never goes back. */
  advance(timeMs: number): void;
  /** What it reads is idle and never had an event. */
  noteEmpty(): void;
  /** Whether a commit should carry something of it now. */
  isPending(): boolean;
  /** For the commit being made. If that commit is never made, the sink is dropped with all state. */
  takeRecords(nowMs: number): readonly OutgoingRecord[];
  markCommitted(): void;
}
