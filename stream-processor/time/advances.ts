/**
 * Where idle partitions' time went on by itself: per root, the offset it stood at and the time it reached. With the events
 * themselves this is all that time depends on, so whoever reads the log again with these marks decides as the task did
 * about late events and closed windows.
 *
 * Several steps at one offset leave one mark, the last: no event was between them to tell the difference. There is at most
 * one mark per `idleMs`, and those of events that retention has removed are removed, too. A mark is noted before the event
 * it stands in front of is applied, and is part of the same commit or of an earlier one.
 */
import type {KeyedEntry, KeyedStore} from '../state/keyed-store.ts';
import type {ValueCodec} from '../state/state-store.ts';

/** No view's name begins like this. */
export const ADVANCES_STORE = '_advances';

const TIME_BYTES = 8;

export const advanceCodec: ValueCodec<number> = {
  encode: (timeMs) => {
    const bytes = Buffer.allocUnsafe(TIME_BYTES);
    bytes.writeDoubleBE(timeMs);
    return bytes;
  },
  decode: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, TIME_BYTES).readDoubleBE(),
};

export class Advances {
  readonly #store: KeyedStore<number>;

  constructor(store: KeyedStore<number>) {
    this.#store = store;
  }

  /** `offset`: of the next record to be applied. */
  note(root: string, offset: bigint, timeMs: number): void {
    this.#store.put(root, Number(offset), timeMs);
  }

  /** By offset (`at`), as of the last commit; the value is the time. */
  of(root: string): readonly KeyedEntry<number>[] {
    return this.#store.committedOf(root);
  }

  /** Retention has removed what was before `earliestOffset`. */
  forget(root: string, earliestOffset: bigint): void {
    const earliest = Number(earliestOffset);
    const old = this.#store.of(root).filter(({at}) => at < earliest);
    for (const {at} of old) this.#store.delete(root, at);
  }
}
