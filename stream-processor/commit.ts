import type {OutgoingRecord} from '../src/kafka/ports.ts';
import type {TopicNames} from '../src/protocol/topics.ts';
import {FINAL, NOT_FINAL, resultKey} from './output/result-record.ts';
import {encodeStates, POSITION_KEY, windowKeyEncoder} from './state/changelog-codec.ts';
import type {ClosedRow} from './state/closed-rows.ts';
import {encodePosition, type Position} from './state/position.ts';
import type {Pane} from './window/pane.ts';
import type {ClosedWindow, TumblingWindows} from './window/tumbling-windows.ts';
import type {WindowEngine} from './window/window-engine.ts';

/** A transaction of this many results at most; what is due beyond that is closed by the commits after. */
export const MAX_CLOSED_PER_COMMIT = 20_000;
/** Closed rows whose retention is over, per view and commit. */
const MAX_EXPIRED_PER_COMMIT = 1_000;

/** What one transaction carries, and what becomes true with it. */
export interface Commit {
  readonly records: readonly OutgoingRecord[];
  readonly position: Position;
  /** Per view of the engine, in its order. */
  readonly views: readonly ViewCommit[];
}

export interface ViewCommit {
  readonly windows: TumblingWindows;
  readonly closed: readonly ClosedRow[];
  readonly expired: readonly ClosedRow[];
}

export interface CommitOptions {
  readonly engine: WindowEngine;
  readonly position: Position;
  readonly late: readonly OutgoingRecord[];
  /** Closed rows of a view that start at `startMs` or before, oldest first. */
  readonly oldRows: (view: string, startMs: number, limit: number) => readonly ClosedRow[];
  readonly names: TopicNames;
  readonly stream: string;
  readonly partition: number;
  readonly nowMs: number;
  readonly maxClosed: number;
}

/** Takes what is due out of the engine and writes the transaction: results, late records, changelog, position last. */
export function buildCommit(options: CommitOptions): Commit {
  const {engine, position} = options;
  const streamTimeMs = engine.streamTimeMs ?? Number.NEGATIVE_INFINITY;
  const results: OutgoingRecord[] = [];
  const changelog: OutgoingRecord[] = [];
  let mayClose = options.maxClosed;
  const views = engine.views.map((windows): ViewCommit => {
    const out: ViewRecords = {results, changelog, ...recordMakers(windows, options)};
    const taken = windows.takeClosed(streamTimeMs, mayClose);
    mayClose -= taken.length;
    const closed = taken.map((window) => close(window, windows, out));
    for (const pane of windows.panes()) writeDirty(pane, windows, out);
    const {name, retentionMs, sizeMs} = windows.view;
    const expired = options.oldRows(
      name,
      // Never ahead of the clock: one event dated far in the future must not delete what is kept.
      Math.min(streamTimeMs, options.nowMs) - retentionMs - sizeMs,
      MAX_EXPIRED_PER_COMMIT,
    );
    for (const {key, startMs} of expired) {
      const identity = {key, start: startMs, end: startMs + sizeMs};
      results.push(out.result({key: resultKey(identity), value: null, headers: FINAL}));
    }
    return {windows, closed, expired};
  });
  const positionRecord = changelogRecord(options, POSITION_KEY, encodePosition(position));
  const records = [...results, ...options.late, ...changelog, positionRecord];
  return {records, position, views};
}

type Body = Pick<OutgoingRecord, 'key' | 'value' | 'headers'>;

interface ViewRecords {
  readonly results: OutgoingRecord[];
  readonly changelog: OutgoingRecord[];
  readonly result: (body: Body) => OutgoingRecord;
  readonly change: (key: Uint8Array, value: Uint8Array | null) => OutgoingRecord;
  readonly keyOf: (pane: Pane) => (key: string) => Buffer;
}

function recordMakers(windows: TumblingWindows, options: CommitOptions) {
  const {names, partition, nowMs} = options;
  const topic = names.results(windows.view.name);
  let encoder: {readonly pane: Pane; readonly encode: (key: string) => Buffer} | undefined;
  return {
    // Wall-clock time: brokers refuse timestamps far ahead, and a window's end may be.
    result: (body: Body) => ({topic, partition, timestampMs: nowMs, ...body}),
    change: (key: Uint8Array, value: Uint8Array | null) => changelogRecord(options, key, value),
    keyOf: (pane: Pane) => {
      if (encoder?.pane !== pane) {
        encoder = {pane, encode: windowKeyEncoder(windows.view.name, pane.startMs)};
      }
      return encoder.encode;
    },
  };
}

function close({pane, slot}: ClosedWindow, {view}: TumblingWindows, out: ViewRecords): ClosedRow {
  const key = pane.keyAt(slot);
  const json = JSON.stringify(pane.valuesAt(slot));
  const identity = {key, start: pane.startMs, end: pane.endMs};
  out.results.push(
    out.result({key: resultKey(identity), value: Buffer.from(json), headers: FINAL}),
  );
  // A window that opened and closed within one commit was never in the changelog.
  if (pane.isCommitted(slot)) out.changelog.push(out.change(out.keyOf(pane)(key), null));
  return {view: view.name, startMs: pane.startMs, key, json};
}

function writeDirty(pane: Pane, {view, columns}: TumblingWindows, out: ViewRecords): void {
  const encodeKey = out.keyOf(pane);
  const {states} = pane;
  for (const slot of pane.dirtySlots()) {
    const key = pane.keyAt(slot);
    const value = encodeStates(states, slot * columns.width, columns.width);
    out.changelog.push(out.change(encodeKey(key), value));
    if (view.emit !== 'updates') continue;
    const identity = {key, start: pane.startMs, end: pane.endMs};
    const row = Buffer.from(JSON.stringify(pane.valuesAt(slot)));
    out.results.push(out.result({key: resultKey(identity), value: row, headers: NOT_FINAL}));
  }
}

function changelogRecord(
  {names, stream, partition, nowMs}: CommitOptions,
  key: Uint8Array,
  value: Uint8Array | null,
): OutgoingRecord {
  const topic = names.changelog(stream);
  return {topic, partition, key, value, headers: [], timestampMs: nowMs};
}
