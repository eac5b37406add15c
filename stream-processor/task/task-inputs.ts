import type {Root} from '../../src/define/topology.ts';
import type {PartitionBatch} from '../../src/kafka/ports.ts';
import {assert} from '../../src/lib/assert.ts';
import {nextInput} from '../event/next-input.ts';
import type {RootInput} from '../event/root-input.ts';

/** How long a root that is not at its end holds up what was read of the others. */
const MAX_HOLD_MS = 2_000;
/** An end of the log that was told so long ago is none: a record may have come since. */
const END_FRESH_MS = 5_000;

interface LogEnd {
  readonly offset: bigint;
  readonly atMs: number;
}

/** What was read of a task's roots, and the order in which it is applied. */
export class TaskInputs {
  readonly all: readonly RootInput[];
  /** Per root, where Kafka said its end is, and when. */
  readonly #ends = new Map<string, LogEnd>();
  #heldSinceMs: number | undefined;

  constructor(inputs: readonly RootInput[]) {
    this.all = inputs;
  }

  /** Per root, next offset after what is applied. */
  offsets(): ReadonlyMap<string, bigint> {
    return new Map(this.all.map(({root, queue}) => [root.name, queue.offset]));
  }

  /** The least time of the roots; those without an event do not count. */
  leastTimeMs(): number | null {
    const times = this.all.flatMap(({timeMs}) => timeMs ?? []);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Kafka says that a root ends at this offset for now. */
  noteEnd(root: string, offset: bigint, nowMs: number): void {
    this.#ends.set(root, {offset, atMs: nowMs});
  }

  /** Takes what was read. */
  receive(root: string, batch: Pick<PartitionBatch, 'records' | 'nextOffset'>): void {
    this.#of(root).queue.push(batch);
  }

  /** What lies before `offset` was deleted. */
  skipTo(root: string, offset: bigint): void {
    this.#of(root).queue.skipTo(offset);
  }

  /**
   * Applies what was read, in the order of time, until a commit must come first or a root holds up the rest. Returns how
   * many records of each root were applied.
   */
  apply(mustCommit: () => boolean, nowMs: number): readonly (readonly [Root, number])[] {
    const inputs = this.all;
    const before = inputs.map(({queue}) => queue.count);
    const options = {
      inputs,
      isAtEnd: (input: RootInput) => this.#isAtEnd(input),
      isPatienceOver: nowMs - (this.#heldSinceMs ?? nowMs) >= MAX_HOLD_MS,
    };
    let input: RootInput | undefined;
    while (!mustCommit() && (input = nextInput(options)) !== undefined) input.applyNext();
    const isHeld = !mustCommit() && inputs.some(({queue}) => queue.count > 0);
    this.#heldSinceMs = isHeld ? (this.#heldSinceMs ?? nowMs) : undefined;
    return inputs.map(({root, queue}, index) => [root, before[index]! - queue.count]);
  }

  /** Whether nothing more of a root can be there: what is known of its end is fresh, and all before it is applied. */
  isSurelyAtEnd(input: RootInput, nowMs: number): boolean {
    const isFresh = nowMs - (this.#ends.get(input.root.name)?.atMs ?? 0) <= END_FRESH_MS;
    return isFresh && this.#isAtEnd(input);
  }

  #isAtEnd({root, queue}: RootInput): boolean {
    const end = this.#ends.get(root.name);
    return end !== undefined && queue.count === 0 && queue.endOffset >= end.offset;
  }

  #of(root: string): RootInput {
    const input = this.all.find((each) => each.root.name === root);
    assert(input !== undefined, 'the group has this root');
    return input;
  }
}
