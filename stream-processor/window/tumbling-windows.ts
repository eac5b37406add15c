import type {TumblingView} from '../../src/define/view.ts';
import {AggregateColumns} from './aggregate-columns.ts';
import {Pane} from './pane.ts';

/** An event with what it is grouped by. */
export interface TimedEvent {
  readonly key: string;
  /** Event time, a whole number of milliseconds since the epoch. */
  readonly timeMs: number;
  readonly event: unknown;
}

/** A window that closes now, as a slot of its pane. */
export interface ClosedWindow {
  readonly pane: Pane;
  readonly slot: number;
}

/**
 * The open windows of one view in one partition: `[start, end)`, starts are multiples of the size from the epoch.
 * A window takes events while `end > streamTime - grace` and closes at `streamTime ≥ end + grace`, as in Kafka Streams
 * (KStreamWindowAggregate), but whatever distance stream time jumps: nothing here expires by itself.
 */
export class TumblingWindows {
  readonly view: TumblingView;
  readonly columns: AggregateColumns;
  readonly #panes = new Map<number, Pane>();
  #latest: Pane | undefined;
  /** Windows that end here or before were closed with an earlier, shorter grace, and stay closed. */
  #closedBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(view: TumblingView) {
    this.view = view;
    this.columns = new AggregateColumns(view.aggregates);
  }

  /** Windows that end here or before are closed. */
  closedThroughMs(streamTimeMs: number): number {
    return Math.max(this.#closedBeforeMs, streamTimeMs - this.view.graceMs);
  }

  /** Restoring: what was closed before. */
  keepClosedThrough(endMs: number): void {
    this.#closedBeforeMs = endMs;
  }

  /** Takes an event in, unless its window is closed: then `false`. Throws what an aggregate throws, unchanged itself. */
  add(timed: TimedEvent, streamTimeMs: number): boolean {
    const {sizeMs} = this.view;
    const startMs = Math.floor(timed.timeMs / sizeMs) * sizeMs;
    if (startMs + sizeMs <= this.closedThroughMs(streamTimeMs)) return false;
    this.pane(startMs).add(timed.key, timed.event);
    return true;
  }

  /** The pane that starts at `startMs`; a new one if there is none. */
  pane(startMs: number): Pane {
    if (this.#latest?.startMs === startMs) return this.#latest;
    let pane = this.#panes.get(startMs);
    if (pane === undefined) {
      pane = new Pane(startMs, startMs + this.view.sizeMs, this.columns);
      this.#panes.set(startMs, pane);
    }
    this.#latest = pane;
    return pane;
  }

  existingPane(startMs: number): Pane | undefined {
    return this.#panes.get(startMs);
  }

  /** Open and closing panes, by start. */
  panes(): readonly Pane[] {
    return [...this.#panes.values()].sort((a, b) => a.startMs - b.startMs);
  }

  /** Up to `limit` windows that stream time has closed, by end and key. What is left comes with the next call. */
  takeClosed(streamTimeMs: number, limit: number): readonly ClosedWindow[] {
    const closed: ClosedWindow[] = [];
    for (const pane of this.#due(streamTimeMs)) {
      for (const slot of pane.takeClosing(limit - closed.length)) closed.push({pane, slot});
      if (closed.length >= limit) break;
    }
    return closed;
  }

  hasDue(streamTimeMs: number): boolean {
    return this.#due(streamTimeMs).some((pane) => pane.openCount > 0);
  }

  /** What was changed or taken is in Kafka now. Returns the starts of the panes that are gone with it. */
  markCommitted(): readonly number[] {
    const gone: number[] = [];
    for (const [startMs, pane] of this.#panes) {
      pane.markCommitted();
      if (pane.openCount > 0) continue;
      this.#panes.delete(startMs);
      if (this.#latest === pane) this.#latest = undefined;
      gone.push(startMs);
    }
    return gone;
  }

  #due(streamTimeMs: number): readonly Pane[] {
    const closedMs = this.closedThroughMs(streamTimeMs);
    for (const pane of this.#panes.values()) {
      if (pane.endMs <= closedMs) return this.panes().filter(({endMs}) => endMs <= closedMs);
    }
    return [];
  }
}
