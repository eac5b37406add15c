import type {ViewDefinition} from '../src/define/view.ts';
import type {OutgoingRecord} from '../src/kafka/ports.ts';
import type {TopicNames} from '../src/protocol/topics.ts';
import type {EngineView} from './engine/engine-view.ts';
import type {Row, RowIdentity} from './engine/operator.ts';
import type {TaskEngine} from './engine/task-engine.ts';
import {FINAL, NOT_FINAL, resultKey} from './output/result-record.ts';
import type {RowEmission} from './output/row-emission.ts';
import {entryKeyEncoder, POSITION_KEY} from './state/changelog-codec.ts';
import {encodePosition, type Position} from './state/position.ts';
import type {StateStore} from './state/state-store.ts';

/** A transaction of this many results at most; what is due beyond that is closed by the commits after. */
export const MAX_CLOSED_PER_COMMIT = 20_000;
/** Closed rows whose retention is over, per view and commit. */
const MAX_EXPIRED_PER_COMMIT = 1_000;

/** What one transaction carries, and what becomes true with it. */
export interface Commit {
  readonly records: readonly OutgoingRecord[];
  readonly position: Position;
  /** Of those that are published, in the engine's order. */
  readonly views: readonly ViewCommit[];
}

export interface ViewCommit {
  readonly view: ViewDefinition;
  /** Windows closed, and rows of views whose rows are events. */
  readonly final: readonly Row[];
  /** Open rows that changed, as they are after the commit. Made when asked for, before the commit is marked as made. */
  readonly changed: () => readonly Row[];
  /** Open before, and gone without having been closed. */
  readonly withdrawn: readonly RowIdentity[];
  readonly expired: readonly RowIdentity[];
}

export interface CommitOptions {
  readonly engine: TaskEngine;
  /** The engine's, and the task's own. */
  readonly stores: readonly StateStore[];
  readonly emissions: ReadonlyMap<EngineView, RowEmission>;
  /** Asked when all rows are taken. */
  readonly position: () => Position;
  readonly late: readonly OutgoingRecord[];
  /** Closed rows of a view that end at `endMs` or before, oldest first. */
  readonly oldRows: (view: string, endMs: number, limit: number) => readonly RowIdentity[];
  readonly names: TopicNames;
  readonly group: string;
  readonly partition: number;
  readonly nowMs: number;
  readonly maxClosed: number;
}

/** Takes what is due out of the engine and writes the transaction: results, late records, changelog, position last. */
export function buildCommit(options: CommitOptions): Commit {
  const {engine, stores, emissions, late, nowMs} = options;
  const taken = engine.takeFinal(options.maxClosed);
  const results: OutgoingRecord[] = [];
  const views = engine.views
    .filter(({isPublished}) => isPublished)
    .map((view): ViewCommit => {
      const made = viewCommit(view, taken.get(view) ?? [], options);
      writeResults(made, emissions.get(view)!, options, results);
      return made;
    });
  const repartitioned = engine.sinks.flatMap(({sink}) => sink.takeRecords(nowMs));
  const changelog = stores.flatMap((store) => changesOf(store, options));
  const position = options.position();
  const positionRecord = changelogRecord(options, POSITION_KEY, encodePosition(position));
  const records = [...results, ...late, ...repartitioned, ...changelog, positionRecord];
  return {records, position, views};
}

function viewCommit(
  {view, operator, timeMs}: EngineView,
  final: readonly Row[],
  {oldRows, nowMs}: CommitOptions,
): ViewCommit {
  let changed: readonly Row[] | undefined;
  // Never ahead of the clock: one event dated far in the future must not delete what is kept.
  const endMs = Math.min(timeMs ?? Number.NEGATIVE_INFINITY, nowMs) - view.retentionMs;
  return {
    view,
    final,
    changed: () => (changed ??= [...operator.changedRows()]),
    withdrawn: [...operator.withdrawnRows()],
    expired: oldRows(view.name, endMs, MAX_EXPIRED_PER_COMMIT),
  };
}

function writeResults(
  made: ViewCommit,
  emission: RowEmission,
  {names, partition, nowMs}: CommitOptions,
  results: OutgoingRecord[],
): void {
  const topic = names.results(made.view.name);
  // Wall-clock time: brokers refuse timestamps far ahead, and a window's end may be.
  const place = {topic, partition, timestampMs: nowMs};
  const write = (rows: readonly Row[], headers: OutgoingRecord['headers']) => {
    for (const row of rows) {
      const value = Buffer.from(JSON.stringify(row.values));
      results.push({...place, key: resultKey(row), value, headers});
    }
  };
  const erase = (rows: readonly RowIdentity[]) => {
    for (const row of rows)
      results.push({...place, key: resultKey(row), value: null, headers: FINAL});
  };
  erase(made.expired);
  if (made.view.emit !== 'final') erase(made.withdrawn);
  write(emission.take(made, nowMs), NOT_FINAL);
  write(made.final, FINAL);
}

function changesOf(store: StateStore, options: CommitOptions): readonly OutgoingRecord[] {
  const records: OutgoingRecord[] = [];
  let encoder: {readonly at: number; readonly encode: (key: string) => Buffer} | undefined;
  for (const {at, key, value} of store.changes()) {
    if (encoder?.at !== at) encoder = {at, encode: entryKeyEncoder(store.name, at)};
    records.push(changelogRecord(options, encoder.encode(key), value));
  }
  return records;
}

function changelogRecord(
  {names, group, partition, nowMs}: CommitOptions,
  key: Uint8Array,
  value: Uint8Array | null,
): OutgoingRecord {
  const topic = names.changelog(group);
  return {topic, partition, key, value, headers: [], timestampMs: nowMs};
}
