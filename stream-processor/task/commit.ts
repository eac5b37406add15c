import type {ViewDefinition} from '../../src/define/view.ts';
import type {OutgoingRecord} from '../../src/kafka/ports.ts';
import type {TopicNames} from '../../src/protocol/topics.ts';
import type {EngineView} from '../engine/engine-view.ts';
import {ofView} from '../engine/of-view.ts';
import type {Row, RowIdentity} from '../engine/operator.ts';
import type {TaskEngine} from '../engine/task-engine.ts';
import {FINAL, NOT_FINAL, resultKey} from '../output/result-record.ts';
import type {RowEmission} from '../output/row-emission.ts';
import {entryKeyEncoder, POSITION_KEY} from '../state/changelog-codec.ts';
import {encodePosition, type Position} from '../state/position.ts';
import type {StateStore} from '../state/state-store.ts';

/** A transaction of this many results at most; what is due beyond that is closed by the commits after. */
export const MAX_CLOSED_PER_COMMIT = 20_000;
/** Closed rows whose retention is over, per view and commit. */
const MAX_EXPIRED_PER_COMMIT = 1_000;

const NO_HEADERS: OutgoingRecord['headers'] = [];

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
  /** Their values as the result records have them. */
  readonly finalJson: readonly string[];
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
    .map((view) =>
      ofView(view.name, (): ViewCommit => {
        const made = viewCommit(view, taken.get(view) ?? [], options);
        writeResults(made, emissions.get(view)!, options, results);
        return made;
      }),
    );
  const repartitioned = engine.sinks.flatMap(({sink}) => sink.takeRecords(nowMs));
  const recordOf = changelogRecorder(options);
  const changelog = stores.flatMap((store) => ofView(store.name, () => changesOf(store, recordOf)));
  const position = options.position();
  const positionRecord = recordOf(POSITION_KEY, encodePosition(position));
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
    finalJson: final.map(jsonOf),
    changed: () => (changed ??= ofView(view.name, () => [...operator.changedRows()])),
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
  const put = (row: RowIdentity, json: string | null, headers: OutgoingRecord['headers']) => {
    const value = json === null ? null : Buffer.from(json);
    // Wall-clock time: brokers refuse timestamps far ahead, and a window's end may be.
    results.push({topic, partition, key: resultKey(row), value, headers, timestampMs: nowMs});
  };
  for (const row of made.expired) put(row, null, FINAL);
  if (made.view.emit !== 'final') for (const row of made.withdrawn) put(row, null, FINAL);
  for (const row of emission.take(made, nowMs)) put(row, jsonOf(row), NOT_FINAL);
  made.final.forEach((row, index) => put(row, made.finalJson[index]!, FINAL));
}

function jsonOf({values}: Row): string {
  return JSON.stringify(values);
}

function changesOf(store: StateStore, recordOf: RecordOf): readonly OutgoingRecord[] {
  const records: OutgoingRecord[] = [];
  let encoder: {readonly at: number; readonly encode: (key: string) => Buffer} | undefined;
  for (const {at, key, value} of store.changes()) {
    if (encoder?.at !== at) encoder = {at, encode: entryKeyEncoder(store.name, at)};
    records.push(recordOf(encoder.encode(key), value));
  }
  return records;
}

type RecordOf = (key: Uint8Array, value: Uint8Array | null) => OutgoingRecord;

function changelogRecorder({names, group, partition, nowMs}: CommitOptions): RecordOf {
  const topic = names.changelog(group);
  return (key, value) => ({
    topic,
    partition,
    key,
    value,
    headers: NO_HEADERS,
    timestampMs: nowMs,
  });
}
