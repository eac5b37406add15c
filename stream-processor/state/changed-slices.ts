import {sliceOf} from './slice-codec.ts';

/** A pane of a view, by the view's index. */
export interface PaneName {
  readonly view: number;
  readonly startMs: number;
}

export interface SliceName extends PaneName {
  readonly slice: number;
}

/** What the next checkpoint has to write. */
export class ChangedSlices {
  #slices = new Map<string, Set<number>>();
  #gone: PaneName[] = [];

  mark({view, startMs}: PaneName, slots: Iterable<number>): void {
    const pane = `${view}:${startMs}`;
    let slices = this.#slices.get(pane);
    if (slices === undefined) this.#slices.set(pane, (slices = new Set()));
    for (const slot of slots) slices.add(sliceOf(slot));
  }

  markGone(pane: PaneName): void {
    this.#slices.delete(`${pane.view}:${pane.startMs}`);
    this.#gone.push(pane);
  }

  /** All of it, in order; what changes from now on is for the checkpoint after. */
  take(): {readonly slices: SliceName[]; readonly gone: readonly PaneName[]} {
    const slices = [...this.#slices].flatMap(([pane, numbers]) => {
      const [view, startMs] = pane.split(':').map(Number);
      return [...numbers].map((slice) => ({view: view!, startMs: startMs!, slice}));
    });
    const gone = this.#gone;
    this.#slices = new Map();
    this.#gone = [];
    return {slices, gone};
  }
}
