import type {OutgoingRecord} from '../../src/kafka/ports.ts';
import type {StateStore} from '../state/state-store.ts';
import type {TimedEvent} from './operator.ts';

/** What a task writes for the tasks of another group: its end of a repartition topic. */
export interface Sink {
  /** Of the root at the other end. */
  readonly name: string;
  readonly stores: readonly StateStore[];
  /** An event of what is re-keyed. Throws what a function of the definition throws, and is unchanged then. */
  take(event: TimedEvent): void;
  /** The least time of what it reads: never goes back. */
  advance(timeMs: number): void;
  /** What it reads is idle and never had an event. */
  noteEmpty(): void;
  /** Whether a commit should carry something of it now. */
  isPending(): boolean;
  /** For the commit being made. If that commit is never made, the sink is dropped with all state. */
  takeRecords(nowMs: number): readonly OutgoingRecord[];
  markCommitted(): void;
  /** After its stores are restored. */
  restored(timeMs: number | null): void;
}
