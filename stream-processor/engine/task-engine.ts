/**
 * All views, tables and sinks of a group in one partition, driven event by event and without any I/O but their stores.
 *
 * Stream time of a root is the largest event time seen in it, over all keys; it never goes back and is part of the
 * position, so a restart decides about late events as the run before it did. An event moves time first and is tested then.
 * What is due is taken by commits; while more is due than one commit takes, or a commit had to leave some, no event is
 * applied. That bounds what waits in memory and no more: a due window takes no event, emitted or not.
 */
import type {Repartition, TaskGroup} from '../../src/define/topology.ts';
import type {ViewDefinition} from '../../src/define/view.ts';
import {assert} from '../../src/lib/assert.ts';
import type {StateStore} from '../state/state-store.ts';
import {createOperators} from './create-operators.ts';
import {dispatch, refuse, type DispatchListener} from './dispatch.ts';
import {EngineView} from './engine-view.ts';
import {GroupGraph} from './group-graph.ts';
import type {MemberTime} from './member-time.ts';
import {ofView} from './of-view.ts';
import type {LateReason, Operator, Row, TimedEvent} from './operator.ts';
import type {RootSource} from './root-source.ts';
import type {Member} from './route.ts';
import {SinkMember} from './sink-member.ts';
import type {Sink} from './sink.ts';
import type {StoreFactory} from './store-factory.ts';
import {TableMember} from './table-member.ts';

export interface LateEvent {
  /** Views that did not take it. */
  readonly views: readonly string[];
  readonly event: TimedEvent;
  readonly reason: LateReason;
  /** Of a view whose windows overlap: how many did not take it. */
  readonly windows: number | undefined;
  /** The event is a row of another view, not what the record of the moment says. */
  readonly isRow: boolean;
}

export interface EngineListener extends DispatchListener {
  late(late: LateEvent): void;
}

export interface TaskEngineOptions {
  readonly group: TaskGroup;
  readonly isPublished: (view: ViewDefinition) => boolean;
  readonly stores: StoreFactory;
  readonly makeSink: (root: Repartition, onLate: (reason: LateReason) => void) => Sink;
  /** Views in other groups that a sink's events come to. */
  readonly viewsBehind: (sink: Repartition) => readonly ViewDefinition[];
}

export class TaskEngine {
  readonly views: readonly EngineView[];
  readonly tables: readonly TableMember[];
  readonly sinks: readonly SinkMember[];
  readonly stores: readonly StateStore[];
  readonly #options: TaskEngineOptions;
  readonly #graph: GroupGraph;
  /** Set before the first event. */
  #listener!: EngineListener;
  readonly #members: readonly Member[];
  #isInView = false;
  /** The last commit had no room for all that was due. */
  #isPartlyTaken = false;
  /** Saves counting what is due for every event. */
  #mayBeDue = false;

  constructor(options: TaskEngineOptions) {
    this.#options = options;
    this.#graph = new GroupGraph({
      ...options,
      makeView: (view, time) => this.#makeView(view, time),
      makeSink: (root, time) => this.#makeSink(root, time),
      makeTable: (table, time, rows) =>
        new TableMember({
          table,
          time,
          rows,
          onLate: (event, reason) => this.#late([], event, reason),
        }),
    });
    const {views, tables, sinks, members, tableRows} = this.#graph;
    const contexts = new Map(views.map(({view, context}) => [view, context]));
    const operators = createOperators(options.group, {
      stores: options.stores,
      contextOf: (view) => contexts.get(view)!,
    });
    for (const each of views) each.operator = operators.get(each.view)!;
    this.views = views;
    this.tables = tables;
    this.sinks = sinks;
    this.#members = members;
    this.stores = [
      ...views.flatMap(({operator}) => operator.stores),
      ...tableRows.map(({store}) => store),
    ];
  }

  listen(listener: EngineListener): void {
    this.#listener = listener;
  }

  view(name: string): EngineView | undefined {
    return this.views.find((each) => each.view.name === name);
  }

  /** The time of a stream moves with its events, that of a repartition topic only with `advance`. */
  apply(root: string, event: TimedEvent): void {
    const source = this.#root(root);
    if (event.timeMs < 0) refuse(source, {event, reason: 'negative-time'}, this.#listener);
    else {
      if (source.root.kind === 'stream') this.#advance(source, event.timeMs);
      dispatch(source, event, this.#listener);
    }
  }

  /** Whoever would take the event is told why it does not. */
  refuse(root: string, event: TimedEvent, reason: LateReason): void {
    refuse(this.#root(root), {event, reason}, this.#listener);
  }

  advance(root: string, timeMs: number): void {
    this.#advance(this.#root(root), timeMs);
  }

  /** Closed rows that no commit has taken; never 0 when there are any. */
  dueCount(): number {
    let count = 0;
    for (const view of this.views) count += view.dueCount();
    return count;
  }

  /** Open rows of all views, as of the last commit. */
  openCount(): number {
    return this.views.reduce((total, {operator}) => total + operator.openCount(), 0);
  }

  /** Whether time that goes on by itself would change anything: windows that are open, or tasks that are told of it. */
  waitsForTime(): boolean {
    if (this.sinks.length > 0) return true;
    return this.views.some(
      ({view, operator}) => view.kind !== 'running' && operator.stores.some(({size}) => size > 0),
    );
  }

  /**
   * Closed rows go to the views that read them, as far as the next commit, which takes `limit` rows, has room. To be called
   * before each event: so what comes after what does not depend on when commits are made.
   */
  handOn(limit: number): void {
    if (!this.#mayBeDue || !this.views.some(({isHeld}) => isHeld)) return;
    for (const member of this.#members) {
      follow(member);
      if (member instanceof EngineView)
        ofView(member.name, () => member.handOn(() => limit - this.#emittedCount()));
    }
  }

  /** Whether no event may be applied before the next commit, which takes `limit` rows. */
  mustCommit(limit: number): boolean {
    if (!this.#mayBeDue) return false;
    const due = this.dueCount();
    this.#mayBeDue = due > 0;
    return due > limit || (due > 0 && this.#isPartlyTaken);
  }

  /** The final rows of the commit being made, by view: all that were emitted, and closed windows up to `limit` in all. */
  takeFinal(limit: number): ReadonlyMap<EngineView, readonly Row[]> {
    this.handOn(limit);
    let left = limit - this.#emittedCount();
    const taken = new Map<EngineView, readonly Row[]>();
    for (const view of this.views) {
      const {emittedCount} = view;
      const rows = ofView(view.name, () => view.takeFinal(Math.max(0, left)));
      taken.set(view, rows);
      left -= rows.length - emittedCount;
    }
    this.#noteDue(this.dueCount() > 0);
    return taken;
  }

  markCommitted(): void {
    for (const store of this.stores) store.markCommitted();
    for (const {operator} of this.views) operator.markCommitted();
    for (const {sink} of this.sinks) sink.markCommitted();
    for (const {time} of this.#members) time.markCommitted();
  }

  /** After all stores are restored; the functions say what the position does. */
  restored(position: {
    readonly rootTime: (root: string) => number | null;
    readonly memberTime: (name: string) => number | null;
    readonly mark: (view: string) => Parameters<Operator['restored']>[0];
  }): void {
    for (const root of this.#graph.roots.values()) root.timeMs = position.rootTime(root.root.name);
    for (const member of this.#members) {
      const {name, time} = member;
      time.restore(position.memberTime(name));
      // One that is new in the definition begins where the others are.
      if (time.follow()) time.markCommitted();
      // Those behind it are held if it has rows for them.
      if (member instanceof EngineView) member.operator.restored(position.mark(name), time.timeMs);
    }
    for (const {sink, time} of this.sinks) if (time.timeMs !== null) sink.advance(time.timeMs);
    this.#noteDue(this.dueCount() > 0);
  }

  /**
   * A root is idle and never had an event: until it has one nobody waits for it, and sinks say so to who waits for their
   * time. Whether anyone's time has moved.
   */
  noteEmpty(root: string): boolean {
    const source = this.#root(root);
    if (source.isEmpty || source.timeMs !== null) return false;
    source.isEmpty = true;
    const hasMoved = this.#moveMembers();
    for (const {sink, time} of this.sinks) if (time.isEmpty) sink.noteEmpty();
    return hasMoved;
  }

  #emittedCount(): number {
    return this.views.reduce((count, {emittedCount}) => count + emittedCount, 0);
  }

  #noteDue(isPartlyTaken: boolean): void {
    this.#isPartlyTaken = isPartlyTaken;
    this.#mayBeDue = isPartlyTaken;
  }

  #advance(source: RootSource, timeMs: number): void {
    if (source.timeMs !== null && timeMs <= source.timeMs) return;
    source.timeMs = timeMs;
    source.isEmpty = false;
    this.#moveMembers();
  }

  #moveMembers(): boolean {
    let hasMoved = false;
    this.#mayBeDue = true;
    for (const member of this.#members) if (follow(member)) hasMoved = true;
    return hasMoved;
  }

  #makeView(view: ViewDefinition, time: MemberTime): EngineView {
    const {isPublished} = this.#options;
    const {name} = view;
    return new EngineView({
      view,
      isPublished: isPublished(view),
      time,
      onLate: (event, reason, windows) => this.#late([name], event, reason, windows),
      onFailed: (error) => this.#listener.failed(name, error),
      onEmitted: () => {
        this.#mayBeDue = true;
      },
      forward: (from, event) => this.#forward(from, event),
    });
  }

  #makeSink(root: Repartition, time: MemberTime): SinkMember {
    const {makeSink, viewsBehind} = this.#options;
    const behind = viewsBehind(root).map(({name}) => name);
    return new SinkMember({
      root,
      time,
      makeSink: (onLate) => makeSink(root, onLate),
      onLate: (event, reason) => this.#late(behind, event, reason),
    });
  }

  #forward(view: EngineView, event: TimedEvent): void {
    const before = this.#isInView;
    this.#isInView = true;
    try {
      dispatch(view, event, this.#listener);
    } finally {
      this.#isInView = before;
    }
  }

  #late(views: readonly string[], event: TimedEvent, reason: LateReason, windows?: number): void {
    this.#listener.late({views, event, reason, windows, isRow: this.#isInView});
  }

  #root(name: string): RootSource {
    const root = this.#graph.roots.get(name);
    assert(root !== undefined, 'the group has this root');
    return root;
  }
}

/** Whether the member's time has moved. */
function follow(member: Member): boolean {
  const hasMoved = member.time.follow();
  if (hasMoved) member.advance(member.time.timeMs!);
  return hasMoved;
}
