import type {Topology} from '../../src/define/topology.ts';
import type {ViewDefinition} from '../../src/define/view.ts';
import type {Owner} from '../owners/owner-record.ts';
import {QueryFailed} from '../query/problem.ts';
import {taskName} from '../task/task-name.ts';
import type {PartitionViews} from './partition-views.ts';
import type {OwnerOf} from './merged-views.ts';
import {RemoteViews} from './remote-views.ts';

/** Of replicas that were ever asked; beyond it all are made anew. */
const MAX_KNOWN_URLS = 1_000;

export interface ViewOwnersOptions {
  readonly topology: Topology;
  /** This one. */
  readonly replica: string;
  /** The worker of this replica that a task is assigned to. */
  readonly workerOf: (task: string) => PartitionViews | undefined;
  readonly announced: (task: string) => Owner | undefined;
  readonly fetch: (request: Request) => Promise<Response>;
}

/** Whom to ask for a partition of a view. */
export class ViewOwners {
  readonly #options: ViewOwnersOptions;
  readonly #remote = new Map<string, RemoteViews>();

  constructor(options: ViewOwnersOptions) {
    this.#options = options;
  }

  /** Workers of this replica only: for those who were sent here by another. */
  readonly here: OwnerOf = (view, partition) => {
    const task = this.#taskOf(view, partition);
    const worker = this.#options.workerOf(task);
    if (worker !== undefined) return worker;
    throw new QueryFailed({code: 'not-local', detail: `task ${task} is not with this replica`});
  };

  /** Workers of this replica, and other replicas by what they announced. */
  readonly anywhere: OwnerOf = (view, partition) => {
    const {workerOf, announced, replica} = this.#options;
    const task = this.#taskOf(view, partition);
    const worker = workerOf(task);
    if (worker !== undefined) return worker;
    const owner = announced(task);
    if (owner === undefined) {
      throw new QueryFailed({code: 'restoring', detail: `task ${task} has no owner yet`});
    }
    if (owner.replica === replica) {
      throw new QueryFailed({code: 'owner-away', detail: `task ${task} is between two owners`});
    }
    return this.#at(owner);
  };

  #taskOf(view: ViewDefinition, partition: number): string {
    const group = this.#options.topology.groups.find(({views}) => views.includes(view))!;
    return taskName(group, partition);
  }

  #at({replica, url}: Owner): RemoteViews {
    let views = this.#remote.get(url);
    if (views === undefined) {
      if (this.#remote.size >= MAX_KNOWN_URLS) this.#remote.clear();
      views = new RemoteViews({name: `replica ${replica}`, url, fetch: this.#options.fetch});
      this.#remote.set(url, views);
    }
    return views;
  }
}
