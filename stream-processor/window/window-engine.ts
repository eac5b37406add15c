import type {TumblingView} from '../../src/define/view.ts';
import {TumblingWindows, type TimedEvent} from './tumbling-windows.ts';

export type LateReason = 'late' | 'negative-time';

export interface EngineListener {
  /** A view did not take the event; `index` is the view's. */
  late(index: number, reason: LateReason): void;
  /** A view's aggregate threw; that view is without the event. */
  failed(index: number, error: unknown): void;
}

/**
 * All views of one stream in one partition, driven event by event and without any I/O.
 *
 * Stream time is the largest event time seen, over all views and keys; it never goes back and is part of the state, so
 * a restart decides about late events as the run before it did. An event moves stream time first and is tested then.
 */
export class WindowEngine {
  readonly views: readonly TumblingWindows[];
  #streamTimeMs: number | null = null;

  constructor(views: readonly TumblingView[]) {
    this.views = views.map((view) => new TumblingWindows(view));
  }

  get streamTimeMs(): number | null {
    return this.#streamTimeMs;
  }

  apply(event: TimedEvent, listener: EngineListener): void {
    const {timeMs} = event;
    if (timeMs < 0) {
      for (let index = 0; index < this.views.length; index++) listener.late(index, 'negative-time');
      return;
    }
    this.advance(timeMs);
    const streamTimeMs = this.#streamTimeMs!;
    for (let index = 0; index < this.views.length; index++) {
      try {
        const taken = this.views[index]!.add(event, streamTimeMs);
        if (!taken) listener.late(index, 'late');
      } catch (error) {
        listener.failed(index, error);
      }
    }
  }

  advance(timeMs: number): void {
    if (this.#streamTimeMs === null || timeMs > this.#streamTimeMs) this.#streamTimeMs = timeMs;
  }

  /** Whether windows wait to be closed. */
  hasDue(): boolean {
    const streamTimeMs = this.#streamTimeMs;
    return streamTimeMs !== null && this.views.some((windows) => windows.hasDue(streamTimeMs));
  }

  openWindows(): number {
    return this.views.reduce(
      (total, windows) => windows.panes().reduce((count, pane) => count + pane.openCount, total),
      0,
    );
  }
}
