/**
 * What runs together. Views whose inputs meet (in a join, a correlation, a table) must be worked on by the same task, so
 * the topics they read form a group: task `p` of a group reads partition `p` of each of its roots and nothing else.
 *
 *   root       a topic that is read: a stream's data, the events of a `rekey`, or the partials of windows behind a `rekey`
 *   sink       what a task writes for the tasks of another group: the other end of such a root
 *   group      roots, the views over them in an order in which each comes after what it reads, tables, sinks
 */
import type {Pipeline, PipelineOptions} from './pipeline.ts';
import type {AnyInput, RekeyInput} from './input.ts';
import type {AnyStream} from './stream.ts';
import {isViewInput, reachOf, viewRead} from './reach.ts';
import type {AnyTable, LatestTable} from './table.ts';
import {inputsOf, type RunningView, type ViewDefinition, type WindowView} from './view.ts';

export type PartialView = WindowView | RunningView;

export type Root =
  | {
      readonly kind: 'stream';
      readonly name: string;
      readonly partitions: number;
      readonly stream: AnyStream;
    }
  /** Events of a repartition topic; their time is the least of the tasks that write it. */
  | {
      readonly kind: 'events';
      readonly name: string;
      readonly partitions: number;
      readonly rekey: RekeyInput;
    }
  /** Partial aggregates of views that share panes. */
  | {
      readonly kind: 'partials';
      readonly name: string;
      readonly partitions: number;
      readonly rekey: RekeyInput;
      readonly views: readonly PartialView[];
    };

/** A root that other tasks write. */
export type Repartition = Exclude<Root, {kind: 'stream'}>;

export interface TaskGroup {
  /** Of its roots' names, sorted: the order of the views does not matter to it. Names its changelog topic. */
  readonly name: string;
  readonly partitions: number;
  readonly roots: readonly Root[];
  /** Also those that are not published but read by another view. */
  readonly views: readonly ViewDefinition[];
  readonly tables: readonly LatestTable[];
  readonly sinks: readonly Repartition[];
}

export interface Topology {
  readonly groups: readonly TaskGroup[];
}

/** Per repartition root, how many tasks write it. */
export function writersOf(topology: Topology, root: Repartition): number {
  return topology.groups.find(({sinks}) => sinks.some(({name}) => name === root.name))!.partitions;
}

/** The root whose events come to an input, through filters, maps and tables, but not through views. */
export function rootNameOf(input: AnyInput): string | undefined {
  if (input.kind === 'stream') return input.name;
  if (input.kind === 'rekey') return eventsRootName(input);
  return isViewInput(input) ? undefined : rootNameOf(input.from);
}

/** The `rekey` a view sends partials from, if it does. */
export function partialRekeyOf(view: ViewDefinition): RekeyInput | undefined {
  if (!isWindowView(view) && view.kind !== 'running') return undefined;
  let input: AnyInput = view.input;
  while (input.kind === 'filter' || input.kind === 'map') input = input.from;
  return input.kind === 'rekey' ? input : undefined;
}

/** Views that keep their states in the same panes, by the first of them. Running views have a pane of their own. */
export function paneGroups<View extends ViewDefinition>(
  views: readonly View[],
): readonly (readonly View[])[] {
  const groups: View[][] = [];
  for (const view of views) {
    const mates = groups.find(([first]) => sharePanes(first!, view));
    if (mates === undefined) groups.push([view]);
    else mates.push(view);
  }
  return groups;
}

function sharePanes(a: ViewDefinition, b: ViewDefinition): boolean {
  return (
    isWindowView(a) &&
    isWindowView(b) &&
    a.input === b.input &&
    a.aggregates === b.aggregates &&
    a.storage === b.storage
  );
}

export function isWindowView(view: ViewDefinition): view is WindowView {
  return view.kind === 'tumbling' || view.kind === 'hopping';
}

export function eventsRootName({name}: RekeyInput): string {
  return `${name}.events`;
}

function partialsRootName([first]: readonly PartialView[]): string {
  return `${first!.name}.partials`;
}

export function topologyOf({views}: Pick<Pipeline | PipelineOptions, 'views'>): Topology {
  return new TopologyBuilder(views).build();
}

interface Draft {
  readonly roots: Map<string, Root>;
  readonly views: Set<ViewDefinition>;
  readonly tables: Set<LatestTable>;
  readonly sinks: Map<string, Repartition>;
}

/** Visits what views read, and unites the drafts of what must run together. */
class TopologyBuilder {
  readonly #published: readonly ViewDefinition[];
  readonly #all: readonly ViewDefinition[];
  readonly #drafts: Draft[] = [];
  readonly #seen = new Map<ViewDefinition, Root>();

  constructor(published: readonly ViewDefinition[]) {
    this.#published = published;
    this.#all = [...reachOf(published).views];
  }

  build(): Topology {
    for (const view of this.#published) this.#visitView(view);
    return {groups: this.#drafts.map(toGroup)};
  }

  /** Returns one of the roots of the view's group. */
  #visitView(view: ViewDefinition): Root {
    const seen = this.#seen.get(view);
    if (seen !== undefined) return seen;
    const rekey = partialRekeyOf(view);
    const roots =
      rekey === undefined
        ? inputsOf(view).map((input) => this.#visitInput(input))
        : [this.#visitPartials(rekey, view as PartialView)];
    const [first] = roots as [Root, ...Root[]];
    for (const root of roots) this.#unite(first, root);
    this.#draftOf(first).views.add(view);
    this.#seen.set(view, first);
    return first;
  }

  #visitInput(input: AnyInput): Root {
    if (isViewInput(input)) return this.#visitView(viewRead(input));
    if (input.kind === 'stream') {
      const {name, partitions} = input;
      return this.#addRoot({kind: 'stream', name, partitions, stream: input});
    }
    if (input.kind === 'rekey') {
      const {partitions} = input;
      const name = eventsRootName(input);
      return this.#addRepartition({kind: 'events', name, partitions, rekey: input});
    }
    const root = this.#visitInput(input.from);
    if (input.kind === 'enrich') this.#visitTable(input.table, root);
    return root;
  }

  /** What asks a table is worked on where its rows are. */
  #visitTable(table: AnyTable, root: Root): void {
    if (table.kind === 'view') this.#unite(root, this.#visitView(table.view));
    if (table.kind !== 'latest') return;
    this.#unite(root, this.#visitInput(table.from));
    this.#draftOf(root).tables.add(table);
  }

  #visitPartials(rekey: RekeyInput, view: PartialView): Root {
    const ofSame = this.#all.filter((each) => partialRekeyOf(each) === rekey) as PartialView[];
    const views = paneGroups(ofSame).find((group) => group.includes(view))!;
    const {partitions} = rekey;
    return this.#addRepartition({
      kind: 'partials',
      name: partialsRootName(views),
      partitions,
      rekey,
      views,
    });
  }

  #addRepartition(root: Repartition): Root {
    const upstream = this.#visitInput(root.rekey.from);
    this.#draftOf(upstream).sinks.set(root.name, root);
    return this.#addRoot(root);
  }

  #addRoot(root: Root): Root {
    if (!this.#drafts.some(({roots}) => roots.has(root.name))) {
      this.#drafts.push({
        roots: new Map([[root.name, root]]),
        views: new Set(),
        tables: new Set(),
        sinks: new Map(),
      });
    }
    return root;
  }

  #draftOf({name}: Root): Draft {
    return this.#drafts.find(({roots}) => roots.has(name))!;
  }

  #unite(a: Root, b: Root): void {
    const [into, from] = [this.#draftOf(a), this.#draftOf(b)];
    if (into === from) return;
    for (const [name, root] of from.roots) into.roots.set(name, root);
    for (const view of from.views) into.views.add(view);
    for (const table of from.tables) into.tables.add(table);
    for (const [name, sink] of from.sinks) into.sinks.set(name, sink);
    this.#drafts.splice(this.#drafts.indexOf(from), 1);
  }
}

function toGroup({roots, views, tables, sinks}: Draft): TaskGroup {
  const all = [...roots.values()];
  return {
    name: [...roots.keys()].sort().join('.'),
    partitions: all[0]!.partitions,
    roots: all,
    views: inOrder([...views]),
    tables: [...tables],
    sinks: [...sinks.values()],
  };
}

/** Each after the views it reads. They cannot read each other in a circle: a definition only names what exists. */
function inOrder(views: readonly ViewDefinition[]): readonly ViewDefinition[] {
  const ordered = new Set<ViewDefinition>();
  const add = (view: ViewDefinition) => {
    for (const read of viewsReadBy(view)) if (views.includes(read)) add(read);
    ordered.add(view);
  };
  views.forEach(add);
  return [...ordered];
}

function viewsReadBy(view: ViewDefinition): readonly ViewDefinition[] {
  return inputsOf(view).flatMap(viewsIn);
}

function viewsIn(input: AnyInput): readonly ViewDefinition[] {
  if (isViewInput(input)) return [viewRead(input)];
  if (input.kind === 'stream' || input.kind === 'rekey') return [];
  const table = input.kind === 'enrich' ? input.table : undefined;
  const ofTable =
    table?.kind === 'view' ? [table.view] : table?.kind === 'latest' ? viewsIn(table.from) : [];
  return [...viewsIn(input.from), ...ofTable];
}
