import {expect} from 'vitest';
import {TopicNames} from '../../../src/protocol/topics.ts';
import {readTopic, type TopicRecord} from '../../support/read-topic.ts';
import {isFinal} from './final-results.ts';
import mixed from './mixed-views-pipeline.ts';
import type {Reading} from './produce-readings.ts';
import {
  recomputeMixedViews,
  type Pair,
  type RecomputeMixedOptions,
} from './recompute-mixed-views.ts';
import {byKeyAndTimes, type Row} from './recompute-views.ts';

const DEADLINE_MS = 60_000;

export interface MixedResultsOptions extends RecomputeMixedOptions {
  readonly brokers: string;
  readonly prefix: string;
}

/** Results and late records of all mixed views are those of a plain recomputation, each final once. */
export async function expectMixedResults(options: MixedResultsOptions): Promise<void> {
  const {brokers, prefix} = options;
  const names = new TopicNames(prefix, mixed.name);
  const read = (topic: string, atLeast: number) =>
    readTopic({brokers, topic, atLeast, deadlineMs: DEADLINE_MS});
  const expected = recomputeMixedViews(options);
  const expectFinals = async (view: keyof typeof expected.finals) => {
    const rows = expected.finals[view];
    const records = await read(names.results(view), rows.length);
    expect(finals(records).map(rowOf).toSorted(byKeyAndTimes), view).toEqual(rows);
  };
  const expectLate = async (view: string) => {
    const late = await read(names.late(view), expected.late.length);
    expect(late.map(placeOf).toSorted(), view).toEqual(expected.late.map(nameOf).toSorted());
  };
  // The last of all: when they are there, everything before the rekey is committed.
  await Promise.all((['zone-minute', 'zone-visits', 'zone-wide'] as const).map(expectFinals));
  await Promise.all((['minute', 'kept-minute', 'thirds', 'visits'] as const).map(expectFinals));
  const [visits, totals, pairs] = await Promise.all([
    read(names.results('visits'), 1),
    read(names.results('totals'), 1),
    read(names.results('pairs'), expected.pairs.length),
    ...['minute', 'kept-minute'].map(expectLate),
  ]);
  expect(latest(visits), 'none that should be gone').toEqual(expected.allVisits);
  expect(latest(totals)).toEqual(expected.totals);
  expect(finals(pairs).map(pairOf).map(pairName).toSorted()).toEqual(
    expected.pairs.map(pairName).toSorted(),
  );
}

function finals(records: readonly TopicRecord[]): readonly TopicRecord[] {
  const found = records.filter(isFinal);
  expect(new Set(found.map(({key}) => key)).size, 'each final is there once').toBe(found.length);
  return found;
}

/** What a compacted topic comes down to. */
function latest(records: readonly TopicRecord[]): readonly Row[] {
  return [...new Map(records.map((record) => [record.key, record])).values()]
    .filter(({value}) => value !== null)
    .map(rowOf)
    .toSorted(byKeyAndTimes);
}

function rowOf({key, value}: TopicRecord): Row {
  return {...(JSON.parse(key!) as Row), ...(JSON.parse(value!) as Row)};
}

function pairOf({key, value}: TopicRecord): Pair {
  return {...(JSON.parse(key!) as Pair), ...(JSON.parse(value!) as Pair)};
}

function pairName({key, start, end, warmC, coldC}: Pair): string {
  return `${key} ${start} ${end} ${warmC} ${coldC}`;
}

function placeOf({value}: TopicRecord): string {
  const {station, time, temperatureC} = JSON.parse(value!) as Reading & {readonly time: string};
  return nameOf({station, timeMs: Date.parse(time), temperatureC});
}

function nameOf({station, timeMs, temperatureC}: Reading): string {
  return `${station} ${timeMs} ${temperatureC}`;
}
