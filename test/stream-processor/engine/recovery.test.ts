/**
 * Views of all kinds in one task: whatever is committed, crashed, compacted and handed over when, they end as if nothing had
 * happened, and those that are easily computed from the events end as that.
 */
import {join} from 'node:path';
import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {
  count,
  filter,
  hopping,
  map,
  running,
  select,
  session,
  sliding,
  sum,
  tumbling,
} from '../../../src/define/index.ts';
import type {IncomingRecord} from '../../../src/kafka/ports.ts';
import type {ViewDefinition} from '../../../src/define/view.ts';
import {isFinal} from '../../../stream-processor/output/result-record.ts';
import {commitAll, happenings, live} from '../support/history.ts';
import {MemoryKafka} from '../support/memory-kafka.ts';
import {ModelTask, names, PARTITION} from '../support/model-task.ts';
import {readings} from '../support/pipeline.ts';
import {temporaryFolder} from '../support/processor-process.ts';
import {readingRecord, type Reading} from '../support/produce-readings.ts';

const RUNS = Number(process.env['FOREBAY_TEST_RUNS'] ?? 30);
const START_MS = Date.UTC(2026, 0, 1);
const SIZE_MS = 60_000;
const ADVANCE_MS = 20_000;
const GRACE_MS = 30_000;

const aggregates = {
  n: count<{temperatureC: number}>(),
  total: sum(({temperatureC}: {temperatureC: number}) => temperatureC),
};
const warm = filter(readings, ({temperatureC}) => temperatureC > 0);
const windows = {sizeMs: SIZE_MS, graceMs: GRACE_MS, aggregates} as const;
const views: readonly ViewDefinition[] = [
  tumbling(readings, {...windows, name: 'minute', emit: 'final'}),
  hopping(readings, {...windows, name: 'hop', advanceMs: ADVANCE_MS, emit: 'updates'}),
  session(warm, {name: 'visit', gapMs: 15_000, graceMs: GRACE_MS, emit: 'updates', aggregates}),
  running(readings, {name: 'ever', aggregates, emit: {everyMs: 10_000}}),
  tumbling(
    map(warm, ({temperatureC}) => ({temperatureC: temperatureC * 2})),
    {...windows, name: 'double', emit: 'final', storage: 'disk'},
  ),
  sliding(warm, {...windows, name: 'before', emit: 'final', sizeMs: 20_000, storage: 'disk'}),
  select(warm, {name: 'each', row: ({temperatureC}) => ({temperatureC})}),
];

const reading: fc.Arbitrary<Reading> = fc.record({
  station: fc.constantFrom('a', 'b', 'é', '😀'),
  timeMs: fc
    .oneof(
      {weight: 8, arbitrary: fc.integer({min: 0, max: 5 * SIZE_MS})},
      {weight: 1, arbitrary: fc.integer({min: 0, max: 30 * SIZE_MS})},
    )
    .map((offset) => START_MS + offset),
  temperatureC: fc.integer({min: -160, max: 160}).map((quarter) => quarter / 4),
});

test('views of all kinds end as if no commit, crash, compaction or rebalance had been', async () => {
  const property = fc.asyncProperty(
    fc.array(reading, {maxLength: 60, size: 'max'}),
    happenings(1),
    fc.constantFrom(1, 3, 20_000),
    async (all, happened, maxClosed) => {
      const folder = temporaryFolder();
      const input = all.map(toInput);
      const feed = (task: ModelTask, _root: number, limit: number) => {
        const from = Number(task.offset());
        task.apply(input.slice(from, from + limit));
      };
      const run = async (name: string, steps: typeof happened) => {
        const kafka = new MemoryKafka();
        const task = await live(
          {
            kafka,
            views,
            maxClosed,
            startMs: START_MS,
            feed,
            checkpointPath: (machine) => join(folder.path, `${name}-${machine}.sqlite`),
          },
          steps,
        );
        feed(task, 0, input.length);
        commitAll(task);
        const outcome = outcomeOf(task, kafka);
        task.crash();
        return outcome;
      };
      const outcome = await run('eventful', happened);
      expect(outcome).toEqual(await run('quiet', []));
      expect(outcome.rows.get('minute')).toEqual(recompute(all, SIZE_MS));
      expect(outcome.rows.get('hop')).toEqual(recompute(all, ADVANCE_MS));
      expect(outcome.rows.get('ever')).toEqual(totals(all));
      folder.remove();
    },
  );
  await fc.assert(property, {numRuns: RUNS, endOnFailure: true});
});

/** What queries show of each view, the final records of each, and its late ones; as texts, in a fixed order. */
function outcomeOf(task: ModelTask, kafka: MemoryKafka) {
  const finals = (view: string) => kafka.records(names.results(view), PARTITION).filter(hasFinal);
  return {
    rows: new Map(views.map(({name}) => [name, sorted(task.rows(name))])),
    finals: new Map(
      views.map(({name}) => [
        name,
        finals(name)
          .map(({key, value}) => `${String(key)} ${String(value)}`)
          .sort(),
      ]),
    ),
    late: new Map(
      views.map(({name}) => [
        name,
        kafka.records(names.late(name), PARTITION).map(({value}) => String(value)),
      ]),
    ),
  };
}

function hasFinal({headers, value}: IncomingRecord): boolean {
  return value !== null && isFinal(headers);
}

/** Tumbling and hopping windows, by the rule of Kafka Streams. */
function recompute(all: readonly Reading[], advanceMs: number): readonly string[] {
  const rows = new Map<string, {key: string; start: number; n: number; total: number}>();
  let timeMs = 0;
  for (const {station, timeMs: at, temperatureC} of all) {
    timeMs = Math.max(timeMs, at);
    for (let start = Math.floor(at / advanceMs) * advanceMs; start > at - SIZE_MS;) {
      if (start + SIZE_MS > timeMs - GRACE_MS) {
        const name = `${start} ${station}`;
        const {n, total} = rows.get(name) ?? {n: 0, total: 0};
        rows.set(name, {key: station, start, n: n + 1, total: total + temperatureC});
      }
      start -= advanceMs;
    }
  }
  return sorted(
    [...rows.values()].map((row) => ({
      ...row,
      end: row.start + SIZE_MS,
      final: row.start + SIZE_MS + GRACE_MS <= timeMs,
    })),
  );
}

function totals(all: readonly Reading[]): readonly string[] {
  const byStation = Map.groupBy(all, ({station}) => station);
  return sorted(
    Array.from(byStation, ([key, of]) => ({
      key,
      final: false,
      n: of.length,
      total: of.reduce((total, {temperatureC}) => total + temperatureC, 0),
    })),
  );
}

function sorted(rows: readonly object[]): readonly string[] {
  return rows
    .map((row) =>
      JSON.stringify(Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))),
    )
    .sort();
}

function toInput(each: Reading, index: number): IncomingRecord {
  const {key, value, headers, timestampMs} = readingRecord(each, {topic: '', seq: index + 1});
  return {key, value, headers, timestampMs, offset: BigInt(index)};
}
