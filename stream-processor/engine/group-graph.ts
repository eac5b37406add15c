/**
 * Wires a group: which events come to whom, through which steps, and whose time follows what.
 *
 * Members are made in the order of the group's views, each right after the tables it asks; sinks come last. That is also
 * the order in which an event comes to them: a table knows an event before the event is enriched from it.
 */
import type {AnyInput, EnrichInput} from '../../src/define/input.ts';
import {viewRead} from '../../src/define/reach.ts';
import type {AnyTable, LatestTable} from '../../src/define/table.ts';
import {eventsRootName, partialRekeyOf, type Repartition} from '../../src/define/topology.ts';
import type {TaskGroup} from '../../src/define/topology.ts';
import {inputsOf, type Storage, type ViewDefinition} from '../../src/define/view.ts';
import {assert} from '../../src/lib/assert.ts';
import {enrichStep} from '../table/enrich-step.ts';
import {staticRows} from '../table/static-rows.ts';
import type {TableReader} from '../table/table-reader.ts';
import {TableRows} from '../table/table-rows.ts';
import type {EngineView} from './engine-view.ts';
import {StepNode, type InputNode, type Step} from './input-node.ts';
import {inputStep} from './input-steps.ts';
import {MemberTime} from './member-time.ts';
import {RootSource} from './root-source.ts';
import type {Member, Source} from './route.ts';
import type {SinkMember} from './sink-member.ts';
import type {StoreFactory} from './store-factory.ts';
import {TableMember} from './table-member.ts';

export interface GraphOptions {
  readonly group: TaskGroup;
  readonly stores: StoreFactory;
  readonly makeView: (view: ViewDefinition, time: MemberTime) => EngineView;
  readonly makeSink: (root: Repartition, time: MemberTime) => SinkMember;
  readonly makeTable: (table: LatestTable, time: MemberTime, rows: TableRows) => TableMember;
}

export class GroupGraph {
  readonly roots: ReadonlyMap<string, RootSource>;
  /** In the order in which they take events and time. */
  readonly members: Member[] = [];
  readonly views: EngineView[] = [];
  readonly tables: TableMember[] = [];
  readonly sinks: SinkMember[] = [];
  /** Of tables of events and of tables of views. */
  readonly tableRows: TableRows[] = [];
  readonly #options: GraphOptions;
  readonly #steps = new Map<AnyInput, InputNode>();
  readonly #readers = new Map<AnyTable, TableReader>();

  constructor(options: GraphOptions) {
    const {group} = options;
    this.#options = options;
    this.roots = new Map(group.roots.map((root) => [root.name, new RootSource(root)]));
    for (const view of group.views) this.#addView(view);
    for (const sink of group.sinks) this.#addSink(sink);
  }

  #addView(view: ViewDefinition): void {
    const {makeView} = this.#options;
    const partials = partialRekeyOf(view) === undefined ? undefined : this.#partialsOf(view);
    const inputs = inputsOf(view);
    const sides = partials === undefined ? inputs.map((input) => this.#nodeOf(input)) : [];
    const sources =
      partials === undefined ? inputs.map((each) => this.#sourceOf(each)) : [partials];
    const member = makeView(view, new MemberTime(sources));
    this.views.push(member);
    this.members.push(member);
    if (partials !== undefined) partials.routes.push({node: partials.node, member, side: 0});
    sides.forEach((node, side) => sources[side]!.routes.push({node, member, side}));
  }

  #addSink(root: Repartition): void {
    const {from} = root.rekey;
    const [node, source] = [this.#nodeOf(from), this.#sourceOf(from)];
    const member = this.#options.makeSink(root, new MemberTime([source]));
    this.sinks.push(member);
    this.members.push(member);
    source.routes.push({node, member, side: 0});
  }

  #nodeOf(input: AnyInput): InputNode {
    const known = this.#steps.get(input);
    if (known !== undefined) return known;
    const node =
      input.kind === 'filter' || input.kind === 'map' || input.kind === 'enrich'
        ? new StepNode(this.#nodeOf(input.from), this.#stepOf(input))
        : this.#sourceOf(input).node;
    this.#steps.set(input, node);
    return node;
  }

  #stepOf(input: Extract<AnyInput, {kind: 'filter' | 'map' | 'enrich'}>): Step {
    return input.kind === 'enrich' ? enrichStep(input, this.#readerOf(input)) : inputStep(input);
  }

  #sourceOf(input: AnyInput): Source {
    switch (input.kind) {
      case 'filter':
      case 'map':
      case 'enrich':
        return this.#sourceOf(input.from);
      case 'stream':
        return this.#root(input.name);
      case 'rekey':
        return this.#root(eventsRootName(input));
      case 'rows':
      case 'join':
      case 'correlate':
      case 'select':
      default:
        return this.#viewOf(viewRead(input));
    }
  }

  #readerOf({table}: EnrichInput): TableReader {
    const known = this.#readers.get(table);
    if (known !== undefined) return known;
    const reader = this.#makeReader(table);
    this.#readers.set(table, reader);
    return reader;
  }

  #makeReader(table: AnyTable): TableReader {
    if (table.kind === 'static') return staticRows(table);
    if (table.kind === 'view') {
      const {view} = table;
      const rows = this.#makeRows(`${view.name}.table`, view.storage);
      this.#viewOf(view).tables.push(rows);
      return rows;
    }
    const [node, source] = [this.#nodeOf(table.from), this.#sourceOf(table.from)];
    const rows = this.#makeRows(table.name, 'memory');
    const member = this.#options.makeTable(table, new MemberTime([source]), rows);
    this.tables.push(member);
    this.members.push(member);
    source.routes.push({node, member, side: 0});
    return rows;
  }

  #makeRows(name: string, storage: Storage): TableRows {
    const rows = new TableRows(name, storage, this.#options.stores);
    this.tableRows.push(rows);
    return rows;
  }

  #viewOf(view: ViewDefinition): EngineView {
    const member = this.views.find((each) => each.view === view);
    assert(member !== undefined, 'a view comes after what it reads');
    return member;
  }

  #partialsOf(view: ViewDefinition): RootSource {
    const root = this.#options.group.roots.find(
      (each) => each.kind === 'partials' && (each.views as readonly unknown[]).includes(view),
    );
    assert(root !== undefined, 'partials have a root');
    return this.#root(root.name);
  }

  #root(name: string): RootSource {
    const root = this.roots.get(name);
    assert(root !== undefined, 'a group has the roots its views read');
    return root;
  }
}
