import type {Root} from '../../src/define/topology.ts';
import {SourceNode} from './input-node.ts';
import type {Route, Source} from './route.ts';

/** A root as the engine has it: its time, who takes its events, and who follows its time. */
export class RootSource implements Source {
  readonly root: Root;
  readonly node = new SourceNode();
  readonly routes: Route[] = [];
  readonly delayMs = 0;
  readonly isHeld = false;
  timeMs: number | null = null;
  /** It is idle and never had an event. */
  isEmpty = false;

  constructor(root: Root) {
    this.root = root;
  }
}
