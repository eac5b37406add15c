/** For tests of the checks of views: a run that has read given events and results, and what is said of it. */
import type {ReadEntry, RunEntry, ViewSpec} from '../history/entry.ts';
import type {Violation} from '../history/verdict.ts';
import {checkViews} from './check-views.ts';
import {Findings} from './findings.ts';
import {observeRun} from './observed-run.ts';

export const TOPIC = 'orders';
export const OTHER = 'signals';

export type Event = readonly [partition: number, key: string, time: number, amount: number];
/** `final`, unless it is said to be open. */
export type Row = readonly [key: object, value: object | null, state?: 'open'];

/** The results of a view in their order, and its late events by their places. */
export interface Topics {
  readonly rows: readonly Row[];
  readonly late: readonly number[];
}

interface Judged {
  readonly views: readonly ViewSpec[];
  /** Their ids are their places with an `e` before them. */
  readonly events: readonly Event[];
  /** With an `s`. */
  readonly others?: readonly Event[];
  readonly topics: Readonly<Record<string, Topics>>;
}

export function topicsOf(name: string) {
  const topics = {sourceTopic: TOPIC, resultTopic: `p.${name}`, lateTopic: `p.${name}.late`};
  return {name, by: 'key', ...topics} as const;
}

export function judgeTopics({views, events, others = [], topics}: Judged): readonly Violation[] {
  const run: RunEntry = {
    at: 0,
    type: 'run',
    seed: 1,
    command: 'test',
    views,
    dataTopics: [TOPIC, OTHER],
    deadLetterTopics: [],
    rejectedTopics: [],
    lateTopics: views.map(({lateTopic}) => lateTopic),
  };
  const told = Object.entries(topics).flatMap(([name, {rows, late}]) => [
    ...rows.map(([key, value, state], n) =>
      read(`p.${name}`, n, {key: JSON.stringify(key), value, isFinal: state === undefined}),
    ),
    ...late.map((n, offset) => read(`p.${name}.late`, offset, {id: `e${n}`})),
  ]);
  const sources = [...eventsIn(TOPIC, 'e', events), ...eventsIn(OTHER, 's', others)];
  const findings = new Findings();
  checkViews(observeRun([run, ...sources, ...told]), findings);
  return findings.shown;
}

function eventsIn(topic: string, letter: string, events: readonly Event[]): ReadEntry[] {
  return events.map(([partition, key, time, amount], n) =>
    read(topic, n, {partition, key, id: `${letter}${n}`, value: {time, amount}}),
  );
}

function read(topic: string, offset: number, change: Partial<ReadEntry>): ReadEntry {
  const nowhere = {shard: null, incarnation: null, seq: null};
  const place = {topic, partition: 0, offset: String(offset), ...nowhere};
  return {
    at: 1,
    type: 'read',
    reader: 'final',
    ...place,
    key: null,
    id: null,
    value: null,
    ...change,
  };
}
