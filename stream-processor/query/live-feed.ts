import type {Clock} from '../../src/lib/clock.ts';
import type {ViewDelta} from '../../src/protocol/query.ts';

export type LiveEntry =
  | ({readonly kind: 'delta'; readonly partition: number} & ViewDelta)
  /** By partition; `null`: it had no event yet. */
  | {readonly kind: 'progress'; readonly watermarks: Watermarks};

export type Watermarks = ReadonlyMap<number, number | null>;

/** What a reconnecting client can have missed. Beyond it, and for readers slower than that, a snapshot starts over. */
const MAX_ENTRIES = 2_000;
const MAX_ROWS = 20_000;
/** How long a feed goes on without readers, so that one that reconnects misses nothing. */
const LINGER_MS = 60_000;

export interface LiveFeedOptions {
  readonly clock: Clock;
  /** Without a dot, and never the same twice. */
  readonly newId: () => string;
}

/**
 * The recent changes of one view: a bounded ring that every reader walks at its own pace. Readers hold nothing but their
 * place, so a slow one costs no memory and never holds up the engine: it falls off the end and starts over.
 *
 * A place is `<epoch>.<seq>`. The epoch is new whenever the entries no longer continue what readers have seen.
 */
export class LiveFeed {
  readonly #options: LiveFeedOptions;
  #epoch: string;
  #entries: LiveEntry[] = [];
  /** Of the first entry in the ring. */
  #firstSeq = 1;
  #rows = 0;
  #readers = 0;
  #activeUntilMs = 0;
  #wakers = new Set<() => void>();

  constructor(options: LiveFeedOptions) {
    this.#options = options;
    this.#epoch = options.newId();
  }

  /** Whether anyone reads, or may come back. If not, changes need not be pushed, and the ring ends. */
  isActive(): boolean {
    if (this.#readers > 0 || this.#options.clock.nowMs() < this.#activeUntilMs) return true;
    if (this.#activeUntilMs > 0) {
      this.#activeUntilMs = 0;
      this.reset();
    }
    return false;
  }

  get place(): string {
    return `${this.#epoch}.${this.#firstSeq + this.#entries.length - 1}`;
  }

  /** Call the returned function when the reader leaves. */
  enter(): () => void {
    this.#readers++;
    return () => {
      this.#readers--;
      this.#activeUntilMs = this.#options.clock.nowMs() + LINGER_MS;
    };
  }

  push(entry: LiveEntry): void {
    this.#entries.push(entry);
    this.#rows += rowsOf(entry);
    while (this.#entries.length > MAX_ENTRIES || this.#rows > MAX_ROWS) {
      this.#rows -= rowsOf(this.#entries.shift()!);
      this.#firstSeq++;
    }
    this.#wake();
  }

  /** What comes next does not continue what was. */
  reset(): void {
    this.#epoch = this.#options.newId();
    this.#entries = [];
    this.#firstSeq = 1;
    this.#rows = 0;
    this.#wake();
  }

  /** The entry behind a place; `end` when there is none yet; `lost` when the ring does not reach back to it. */
  after(place: string): {readonly place: string; readonly entry: LiveEntry} | 'end' | 'lost' {
    const [epoch, seqText] = place.split('.');
    const seq = Number(seqText) + 1;
    if (epoch !== this.#epoch || !Number.isInteger(seq)) return 'lost';
    const index = seq - this.#firstSeq;
    if (index < 0 || index > this.#entries.length) return 'lost';
    const entry = this.#entries[index];
    return entry === undefined ? 'end' : {place: `${this.#epoch}.${seq}`, entry};
  }

  /** Resolves with the next change, after `ms`, or with the signal; true if there was a change. */
  waitForChange(ms: number, signal?: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (isChange: boolean) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', stop);
        this.#wakers.delete(waker);
        resolve(isChange);
      };
      const waker = () => finish(true);
      const stop = () => finish(false);
      const timer = setTimeout(finish, ms, false);
      this.#wakers.add(waker);
      if (signal?.aborted === true) stop();
      else signal?.addEventListener('abort', stop);
    });
  }

  #wake(): void {
    for (const waker of this.#wakers) waker();
  }
}

function rowsOf(entry: LiveEntry): number {
  return entry.kind === 'delta' ? entry.upsert.length + entry.delete.length : 0;
}
