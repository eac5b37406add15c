/** The judgement over a whole run: what was acknowledged against what Kafka and the view hold. Shares no code with the product. */
import {expect} from 'vitest';
import type {TopicRecord} from './read-topic.ts';
import type {AckedReading, Reading} from './readings-load.ts';

const HOUR_MS = 3_600_000;

/** Every acknowledged id exactly once, where the answer said it is; in order per key; seqs dense per shard. */
export function judgeTopic(records: readonly TopicRecord[], acked: readonly AckedReading[]): void {
  const ids = records.map((record) => record.headers['ce_id']);
  const stored = new Set(ids);
  const expected = new Map(acked.map((reading) => [reading.id, reading]));
  expect(expected.size, 'acknowledged ids are unique').toBe(acked.length);
  expect(stored.size, 'no id appears twice').toBe(ids.length);
  expect(
    acked.filter((reading) => !stored.has(reading.id)).slice(0, 3),
    'nothing acknowledged is lost',
  ).toEqual([]);
  for (const record of records) {
    const reading = expected.get(record.headers['ce_id']!);
    expect(reading, 'nothing appears that was not acknowledged').toBeDefined();
    expect([record.headers['forebay_shard'], record.headers['forebay_seq']]).toEqual([
      reading!.shard,
      String(reading!.seq),
    ]);
    expect(`readings/${record.partition}`).toBe(reading!.shard);
  }
  judgeOrder(records);
  judgeSeqs(records);
}

function judgeOrder(records: readonly TopicRecord[]): void {
  const nextOf = new Map<string, number>();
  for (const record of records) {
    const {station, n} = JSON.parse(record.value!) as Reading;
    expect(record.key).toBe(station);
    expect(n, `order of ${station}`).toBe(nextOf.get(station) ?? 0);
    nextOf.set(station, n + 1);
  }
}

function judgeSeqs(records: readonly TopicRecord[]): void {
  const lastOf = new Map<string, number>();
  for (const {headers} of records) {
    const log = `${headers['forebay_shard']} ${headers['forebay_incarnation']}`;
    expect(Number(headers['forebay_seq']), `seqs of ${log} are dense`).toBe(
      (lastOf.get(log) ?? 0) + 1,
    );
    lastOf.set(log, Number(headers['forebay_seq']));
  }
  const shards = new Set(records.map(({headers}) => headers['forebay_shard']));
  expect(lastOf.size, 'no shard started over').toBe(shards.size);
}

export interface WindowRow {
  readonly key: string;
  readonly start: number;
  readonly readings: number;
  readonly totalC: number | null;
  readonly meanC: number | null;
  readonly minC: number | null;
  readonly maxC: number | null;
}

/** The windows as anyone would compute them from the input. */
export function recomputeWindows(readings: readonly Reading[]): WindowRow[] {
  const windows = Map.groupBy(readings, ({station, time}) => {
    const start = Math.floor(Date.parse(time) / HOUR_MS) * HOUR_MS;
    return `${station} ${start}`;
  });
  return [...windows]
    .map(([window, members]) => {
      const [key, start] = window.split(' ');
      const celsius = members.map((reading) => reading.temperatureC);
      const totalC = celsius.reduce((a, b) => a + b, 0);
      return {
        key: key!,
        start: Number(start),
        readings: members.length,
        totalC,
        meanC: totalC / members.length,
        minC: Math.min(...celsius),
        maxC: Math.max(...celsius),
      };
    })
    .toSorted(byKeyAndStart);
}

export function byKeyAndStart(a: WindowRow, b: WindowRow): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : a.start - b.start;
}

/** The result topic's records as rows. */
export function rowsOf(records: readonly TopicRecord[]): WindowRow[] {
  return records
    .map((record) => {
      const {key, start} = JSON.parse(record.key!) as {key: string; start: number};
      return {key, start, ...(JSON.parse(record.value!) as Omit<WindowRow, 'key' | 'start'>)};
    })
    .toSorted(byKeyAndStart);
}
