import {MergedPane} from './merged-pane.ts';
import {PanePair} from './pane-pair.ts';
import type {PaneStore, PartialStates} from './pane-store.ts';
import {lowerBound} from './window-times.ts';

/**
 * Windows as few merged panes: node `(level, index)` is the `2^level` panes from `index · 2^level`, so a window of `n`
 * panes is at most `2 · log2(n)` nodes, whatever its advance, and windows of all sizes use the same nodes.
 *
 * Invariant: a node is its left half joined with its right half, in that order, whether it is kept or not and whenever it
 * was made. So a sum of doubles has the same bits before a crash and after it, and in a query and a result.
 *
 * The node with the newest pane is never kept: nearly every event would make it stale.
 */
export class MergeTree {
  readonly #store: PaneStore;
  readonly #paneMs: number;
  /** Kept nodes by level and index; none at level 0. */
  readonly #levels: Map<number, MergedPane>[] = [];
  /** Nodes from before it are asked for by queries only, until the next commit: kept, they would never be forgotten. */
  #forgottenMs = Number.NEGATIVE_INFINITY;

  constructor(store: PaneStore, paneMs: number) {
    this.#store = store;
    this.#paneMs = paneMs;
  }

  /** The nodes of `[fromMs, toMs)` that are not empty, by time. */
  cover(fromMs: number, toMs: number): readonly PartialStates[] {
    return this.#cover(fromMs, toMs, (level, index) => this.#node(level, index));
  }

  /** The same as of the last commit. Nothing of it is kept: for a key at a time. */
  committedCover(fromMs: number, toMs: number): readonly PartialStates[] {
    return this.#cover(fromMs, toMs, (level, index) => this.#committedNode(level, index));
  }

  /** A key's states in the pane at `startMs` have changed. */
  touch(startMs: number, key: string): void {
    if (this.#levels.length === 0 || startMs === this.#store.starts().at(-1)) return;
    this.#above(startMs, (nodes, index) => nodes.get(index)?.markStale(key));
  }

  /** No window that is left has the pane at `startMs`, the oldest there is. */
  forget(startMs: number): void {
    this.#forgottenMs = Math.max(this.#forgottenMs, startMs);
    this.#above(startMs, (nodes, index) => nodes.delete(index));
  }

  #cover(
    fromMs: number,
    toMs: number,
    nodeAt: (level: number, index: number) => PartialStates | undefined,
  ): readonly PartialStates[] {
    const nodes: PartialStates[] = [];
    const end = toMs / this.#paneMs;
    for (let at = fromMs / this.#paneMs; at < end;) {
      let level = 0;
      let length = 1;
      while (at % (length * 2) === 0 && at + length * 2 <= end) {
        level++;
        length *= 2;
      }
      const node = nodeAt(level, at / length);
      if (node !== undefined) nodes.push(node);
      at += length;
    }
    return nodes;
  }

  #node(level: number, index: number): PartialStates | undefined {
    const {first, count, isNewest} = this.#panesOf(level, index);
    if (count < 2) return first === undefined ? undefined : this.#store.pane(first);
    const left = () => this.#node(level - 1, index * 2);
    const right = () => this.#node(level - 1, index * 2 + 1);
    const isForgotten = index * 2 ** level * this.#paneMs <= this.#forgottenMs;
    if (isNewest || isForgotten) return this.#pair(left(), right());
    const nodes = this.#nodesAt(level);
    let node = nodes.get(index);
    if (node === undefined) {
      node = new MergedPane(left(), right(), this.#store.columns);
      nodes.set(index, node);
    } else if (node.isStale) node.refresh(left(), right());
    return node;
  }

  #committedNode(level: number, index: number): PartialStates | undefined {
    const {first, count} = this.#panesOf(level, index);
    if (count < 2) return first === undefined ? undefined : this.#store.pane(first)?.committed();
    return this.#pair(
      this.#committedNode(level - 1, index * 2),
      this.#committedNode(level - 1, index * 2 + 1),
    );
  }

  #pair(
    left: PartialStates | undefined,
    right: PartialStates | undefined,
  ): PartialStates | undefined {
    if (left === undefined || right === undefined) return left ?? right;
    return new PanePair(left, right, this.#store.columns);
  }

  /** How many panes a node has: none, one, or two for more. */
  #panesOf(level: number, index: number) {
    const starts = this.#store.starts();
    const widthMs = 2 ** level * this.#paneMs;
    const endMs = (index + 1) * widthMs;
    const place = lowerBound(starts, index * widthMs);
    const isIn = (startMs: number | undefined) => startMs !== undefined && startMs < endMs;
    const first = isIn(starts[place]) ? starts[place] : undefined;
    const count = first === undefined ? 0 : isIn(starts[place + 1]) ? 2 : 1;
    return {first, count, isNewest: starts.at(-1)! < endMs};
  }

  #nodesAt(level: number): Map<number, MergedPane> {
    while (this.#levels.length < level) this.#levels.push(new Map());
    return this.#levels[level - 1]!;
  }

  #above(startMs: number, visit: (nodes: Map<number, MergedPane>, index: number) => void): void {
    let index = startMs / this.#paneMs;
    for (const nodes of this.#levels) {
      index = Math.floor(index / 2);
      visit(nodes, index);
    }
  }
}
