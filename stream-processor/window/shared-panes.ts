import type {RowValues, TimedEvent} from '../engine/operator.ts';
import type {States} from './aggregate-columns.ts';
import {MergeTree} from './merge-tree.ts';
import type {PaneStore, PartialStates} from './pane-store.ts';

/** A view that reads the panes. */
export interface PaneReader {
  /** Called before a key of a pane changes. */
  keepDueRows(startMs: number, key: string): void;
  /** Whether a window that is not emitted has this pane. */
  needs(startMs: number): boolean;
}

export interface SharedPanesOptions {
  readonly store: PaneStore;
  readonly paneMs: number;
  /** One view whose windows are a pane each: then nothing is merged, and no late event comes into a due window. */
  readonly hasWholeWindows: boolean;
  readonly takes: 'events' | 'partials';
}

/**
 * The panes of views that share them: every event goes into one of them once, and windows are merged from them.
 *
 * Invariant: all state is in the store. The tree is made of the panes, and what is known of the last event matters only
 * until the next.
 */
export class SharedPanes {
  readonly store: PaneStore;
  readonly hasWholeWindows: boolean;
  readonly #paneMs: number;
  readonly #takesPartials: boolean;
  readonly #tree: MergeTree;
  readonly #readers: PaneReader[] = [];
  #last: TimedEvent | undefined;
  #lastError: {readonly thrown: unknown} | undefined;

  constructor({store, paneMs, hasWholeWindows, takes}: SharedPanesOptions) {
    this.store = store;
    this.#paneMs = paneMs;
    this.hasWholeWindows = hasWholeWindows;
    this.#takesPartials = takes === 'partials';
    this.#tree = new MergeTree(store, paneMs);
  }

  join(reader: PaneReader): void {
    this.#readers.push(reader);
  }

  /** Takes an event in, once for all views that offer it. Throws what an aggregate throws: then nothing changed. */
  take(event: TimedEvent): void {
    if (event === this.#last) {
      if (this.#lastError !== undefined) throw this.#lastError.thrown;
      return;
    }
    this.#last = event;
    this.#lastError = undefined;
    const {key, timeMs} = event;
    const startMs = Math.floor(timeMs / this.#paneMs) * this.#paneMs;
    if (!this.hasWholeWindows) for (const reader of this.#readers) reader.keepDueRows(startMs, key);
    try {
      if (this.#takesPartials) this.store.merge(startMs, key, event.event as Uint8Array);
      else this.store.add(startMs, key, event.event, timeMs);
    } catch (thrown) {
      this.#lastError = {thrown};
      throw thrown;
    }
    if (!this.hasWholeWindows) this.#tree.touch(startMs, key);
  }

  /** What a window is merged from. Valid until the next change. */
  cover(startMs: number, endMs: number): readonly PartialStates[] {
    return this.#tree.cover(startMs, endMs);
  }

  committedCover(startMs: number, endMs: number): readonly PartialStates[] {
    return this.#tree.committedCover(startMs, endMs);
  }

  states(cover: readonly PartialStates[], key: string): States | undefined {
    const states = this.store.columns.create();
    let isThere = false;
    for (const pane of cover) isThere = pane.mergeInto(key, states, 0) || isThere;
    return isThere ? states : undefined;
  }

  values(cover: readonly PartialStates[], key: string): RowValues | undefined {
    if (cover.length === 1) return cover[0]!.values(key);
    const states = this.states(cover, key);
    return states === undefined ? undefined : this.store.columns.values(states, 0);
  }

  /** Drops the panes that no view needs, as many as a commit has room for. */
  release(): void {
    for (const startMs of this.store.starts()) {
      if (this.#readers.some((reader) => reader.needs(startMs))) return;
      this.#tree.forget(startMs);
      this.store.drop(startMs);
    }
  }
}

export function keysOf(cover: readonly PartialStates[]): Iterable<string> {
  if (cover.length === 1) return cover[0]!.keys();
  const keys = new Set<string>();
  for (const pane of cover) for (const key of pane.keys()) keys.add(key);
  return keys;
}
