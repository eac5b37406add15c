/**
 * State of an operator that outlives the process: a map from (at, key) to a value, `at` being a time.
 *
 * Invariant of every store: what was committed can be read at any time, whatever was changed since. `changes` is all that
 * differs from the last commit; after `markCommitted` nothing differs. A change is the whole new value, so replaying the
 * changelog over an older or a newer state, to its end, gives the same state.
 */
import type {CheckpointTables} from './checkpoint-tables.ts';

export interface StateChange {
  readonly at: number;
  readonly key: string;
  /** `null`: the entry is gone. */
  readonly value: Uint8Array | null;
}

/** Writes one piece of a checkpoint, as its state is when it is called. */
export type SaveStep = (tables: CheckpointTables) => void;

export interface StateStore {
  /** In the changelog and the checkpoint; unique in a task. */
  readonly name: string;
  /** Of the checkpoint: where its entries are. */
  readonly table: keyof CheckpointTables;
  /** How many entries there are. */
  readonly size: number;
  changes(): Iterable<StateChange>;
  markCommitted(): void;
  /** Everything of the last checkpoint, first of all calls. Pauses now and then. */
  load(tables: CheckpointTables, pause: () => Promise<void>): Promise<void>;
  /** A change from the changelog, committed. Throws for a value of another layout. */
  restore(change: StateChange): void;
  /** What changed since the last call, in small pieces. Called, as its steps are, only while nothing is uncommitted. */
  takeUnsaved(): readonly SaveStep[];
}

export interface ValueCodec<T> {
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}
