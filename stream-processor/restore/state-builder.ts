import type {TumblingView} from '../../src/define/view.ts';
import {fromUtf8} from '../../src/lib/bytes.ts';
import type {IncomingRecord} from '../../src/kafka/ports.ts';
import {isRestoreMark} from '../../src/kafka/restore-mark.ts';
import type {RowIdentity} from '../../src/protocol/query.ts';
import {isFinal} from '../output/result-record.ts';
import type {RestoredState} from '../partition-processor.ts';
import {decodeChangelogKey, decodeStates} from '../state/changelog-codec.ts';
import {ChangedSlices} from '../state/changed-slices.ts';
import type {Checkpoint} from '../state/checkpoint.ts';
import {decodePosition, type Position} from '../state/position.ts';
import {decodeSlice} from '../state/slice-codec.ts';
import {WindowEngine} from '../window/window-engine.ts';

/** A few milliseconds of loading: then whoever waits for an answer of the network goes first. */
const SLICES_PER_PAUSE = 16;

/**
 * A state being restored: slices first, then the changelog over them, then results into the closed rows. Everything taken is
 * the whole of what it names, so taking it twice, or over something newer that is taken again later, changes nothing.
 */
export class StateBuilder {
  readonly #engine: WindowEngine;
  readonly #checkpoint: Checkpoint;
  readonly #changed = new ChangedSlices();
  readonly #viewIndex: ReadonlyMap<string, number>;
  #position: Position | undefined;
  #readBack = 0;

  constructor(views: readonly TumblingView[], checkpoint: Checkpoint) {
    this.#engine = new WindowEngine(views);
    this.#checkpoint = checkpoint;
    this.#viewIndex = new Map(views.map(({name}, index) => [name, index]));
  }

  get position(): Position | undefined {
    return this.#position;
  }

  async loadSlices(signal: AbortSignal): Promise<void> {
    let loaded = 0;
    for (const {view, startMs, bytes} of this.#checkpoint.slices()) {
      if (++loaded % SLICES_PER_PAUSE === 0) {
        await new Promise((resolve) => void setImmediate(resolve));
        signal.throwIfAborted();
      }
      const windows = this.#engine.views[this.#viewIndex.get(view) ?? -1];
      if (windows !== undefined) decodeSlice(bytes, windows.pane(startMs), windows.columns.width);
    }
  }

  takeChange(record: IncomingRecord): void {
    if (isRestoreMark(record)) return;
    this.#readBack++;
    if (record.key === null) return;
    const name = decodeChangelogKey(record.key);
    if (name.kind === 'position') {
      if (record.value !== null) this.#position = decodePosition(record.value);
      return;
    }
    const view = this.#viewIndex.get(name.view);
    // A view that the definition has no more: its windows stay in the topic and are nobody's.
    if (view === undefined) return;
    const {startMs, key} = name;
    const windows = this.#engine.views[view]!;
    const pane = windows.pane(startMs);
    // The rest of its pane is closed before the next checkpoint: no slice of it needs to be written.
    if (record.value === null) pane.remove(key);
    else {
      const states = decodeStates(record.value);
      // Of another definition of the view: the position record says so, and restoring ends with VIEW_CHANGED.
      if (states.length !== windows.columns.width) return;
      this.#changed.mark({view, startMs}, [pane.put(key, states)]);
    }
  }

  takeResult(view: string, record: IncomingRecord): void {
    this.#readBack++;
    if (record.key === null) return;
    const {key, start} = JSON.parse(fromUtf8(record.key)) as RowIdentity;
    const {closed} = this.#checkpoint;
    if (record.value === null) closed.delete(view, {key, startMs: start});
    else if (isFinal(record.headers)) {
      closed.put({view, key, startMs: start, json: fromUtf8(record.value)});
    }
  }

  finish(): RestoredState {
    this.#engine.views.forEach((windows, view) => {
      // Drops panes that replaying emptied.
      for (const startMs of windows.markCommitted()) this.#changed.markGone({view, startMs});
    });
    const {streamTimeMs, closedThroughMs} = this.#position ?? {};
    if (streamTimeMs !== undefined && streamTimeMs !== null) this.#engine.advance(streamTimeMs);
    for (const windows of this.#engine.views) {
      const endMs = closedThroughMs?.[windows.view.name];
      if (endMs !== undefined) windows.keepClosedThrough(endMs);
    }
    return {
      readBack: this.#readBack,
      engine: this.#engine,
      position: this.#position,
      changed: this.#changed,
      checkpoint: this.#checkpoint,
    };
  }
}
