/** Nexmark's queries over generated events, through all tasks and their repartition topics, against a plain recomputation. */
import {afterAll, beforeAll, expect, test} from 'vitest';
import {utf8} from '../../../src/lib/bytes.ts';
import {partitionOf} from '../../../src/record/shard.ts';
import {MemoryKafka} from '../support/memory-kafka.ts';
import {temporaryFolder} from '../support/processor-process.ts';
import {generateEvents, type Bid} from './generate-events.ts';
import {ModelProcessor} from './model-processor.ts';
import pipeline from './pipeline.ts';

const START_MS = Date.UTC(2026, 0, 1);
const PARTITIONS = 3;
const WINDOW_MS = 10_000;
const seed = Number(process.env['FOREBAY_TEST_SEED'] ?? 1);
const {persons, auctions, bids} = generateEvents({
  seed,
  events: 3_000,
  perSecond: 40,
  startMs: START_MS,
});

interface ResultRow {
  readonly key: string;
  readonly start?: number;
  readonly end?: number;
  readonly [field: string]: unknown;
}

const folder = temporaryFolder();
const kafka = new MemoryKafka();
let nowMs = START_MS;
let tickMs = 1;
let processor: ModelProcessor;
beforeAll(() => {
  processor = new ModelProcessor({
    pipeline,
    kafka,
    folder: folder.path,
    nowMs: () => (nowMs += tickMs),
  });
  produce('persons', persons, ({id}) => id);
  produce('auctions', auctions, ({id}) => id);
  produce('bids', bids, ({auction}) => auction);
  produce('bids-as-received', bids, ({auction}) => auction);
  processor.run();
  // Nothing comes any more: time goes on by the clock, and what is open closes.
  tickMs = 0;
  for (let step = 0; step < 30; step++) {
    nowMs += 10_000;
    processor.run();
  }
}, 60_000);
afterAll(() => {
  processor.close();
  folder.remove();
});

function produce<Event extends {readonly timeMs: number}>(
  stream: string,
  events: readonly Event[],
  keyOf: (event: Event) => number,
): void {
  kafka.commit(
    events.map((event) => {
      const key = utf8(`${keyOf(event)}`);
      const partition = partitionOf(key, PARTITIONS);
      const value = utf8(JSON.stringify(event));
      return {topic: stream, partition, key, value, headers: [], timestampMs: event.timeMs};
    }),
  );
}

/** The last value of each row of a query, tombstones gone. */
function rowsOf(query: string): readonly ResultRow[] {
  const rows = new Map<string, ResultRow>();
  for (let partition = 0; partition < PARTITIONS; partition++) {
    for (const {key, value} of kafka.records(processor.names.results(query), partition)) {
      const name = Buffer.from(key!).toString();
      if (value === null) rows.delete(name);
      else rows.set(name, {...JSON.parse(name), ...JSON.parse(Buffer.from(value).toString())});
    }
  }
  return [...rows.values()];
}

/** Rows without what only tells them apart. */
function valuesOf(query: string): readonly object[] {
  return rowsOf(query).map(({key: _key, start: _start, end: _end, id: _id, ...values}) => values);
}

function sorted(rows: readonly object[]): readonly string[] {
  return rows
    .map((row) => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1))))
    .sort();
}

function expectRows(found: readonly object[], wanted: readonly object[]): void {
  expect(wanted.length).toBeGreaterThan(0);
  expect(sorted(found)).toEqual(sorted(wanted));
}

const windowOf = (timeMs: number) => Math.floor(timeMs / WINDOW_MS);

test('nothing is late: the events are in order, and tasks that read several topics wait for the slowest', () => {
  expect(processor.lateRecords).toBe(0);
});

test('q0 passes every bid on', () => expectRows(valuesOf('q0'), bids));

test('q1 converts the price of every bid', () =>
  expectRows(
    valuesOf('q1'),
    bids.map((bid) => ({...bid, price: bid.price * 0.908})),
  ));

test('q2 selects the bids of some auctions', () =>
  expectRows(
    valuesOf('q2'),
    bids.filter(({auction}) => auction % 123 === 0).map(({auction, price}) => ({auction, price})),
  ));

test('q3 finds who sells in a category and lives in some states', () => {
  const expected = auctions
    .filter(({category}) => category === 10)
    .flatMap(({id, seller}) =>
      persons
        .filter((person) => person.id === seller && ['OR', 'ID', 'CA'].includes(person.state))
        .map(({name, city, state}) => ({name, city, state, auction: id})),
    );
  expectRows(valuesOf('q3'), expected);
});

test('q4 takes the mean of the winning bids of each category', () => {
  const winning = new Map<number, Map<number, number>>();
  for (const {auction, price, timeMs} of bids) {
    const of = auctions.find(({id}) => id === auction);
    if (of === undefined || timeMs < of.timeMs || timeMs > of.expiresMs) continue;
    const prices = winning.get(of.category) ?? new Map<number, number>();
    winning.set(of.category, prices.set(auction, Math.max(prices.get(auction) ?? 0, price)));
  }
  const expected = [...winning].map(([category, prices]) => {
    const all = [...prices.values()];
    return {key: `${category}`, meanFinal: all.reduce((a, b) => a + b, 0) / all.length};
  });
  expectRows(rowsOf('q4'), expected);
});

test('q5 finds the auction with the most bids of each hopping window', () => {
  const counts = new Map<number, Map<number, number>>();
  for (const {auction, timeMs} of bids) {
    for (let start = timeMs - (timeMs % 2_000); start > timeMs - WINDOW_MS; start -= 2_000) {
      const ofWindow = counts.get(start) ?? new Map<number, number>();
      counts.set(start, ofWindow.set(auction, (ofWindow.get(auction) ?? 0) + 1));
    }
  }
  const expected = [...counts].map(([start, ofWindow]) => {
    const [best] = [...ofWindow].sort((a, b) => b[1] - a[1] || (`${a[0]}` < `${b[0]}` ? -1 : 1));
    const hot = {auction: `${best![0]}`, bids: best![1]};
    const end = start + WINDOW_MS;
    return {key: 'all', start: end - 2_000, end, hot};
  });
  expectRows(rowsOf('q5'), expected);
});

test('q7 finds the highest bid of each window', () => {
  const expected = [...Map.groupBy(bids, ({timeMs}) => windowOf(timeMs))].map(([window, list]) => {
    const [best] = list.toSorted((a, b) => b.price - a.price || a.bidder - b.bidder);
    const {price, auction, bidder} = best!;
    const start = window * WINDOW_MS;
    return {key: 'all', start, end: start + WINDOW_MS, highest: {price, auction, bidder}};
  });
  expectRows(rowsOf('q7'), expected);
});

test('q8 finds who opened an auction in the window in which they came', () => {
  const expected = persons.flatMap(({id, name, timeMs}) =>
    auctions
      .filter((auction) => auction.seller === id && windowOf(auction.timeMs) === windowOf(timeMs))
      .map((auction) => ({person: id, name, window: windowOf(timeMs), auction: auction.id})),
  );
  expectRows(valuesOf('q8'), expected);
});

test('q11 counts the bids of each session of a bidder', () => {
  const expected = [...Map.groupBy(bids, ({bidder}) => bidder)].flatMap(([bidder, list]) =>
    sessionsOf(list).map((times) => ({
      key: `${bidder}`,
      start: times[0]!,
      end: times.at(-1)!,
      bids: times.length,
    })),
  );
  expect(expected.length).toBeGreaterThan(new Set(bids.map(({bidder}) => bidder)).size);
  expectRows(rowsOf('q11'), expected);
});

test('q12 counts the bids of a bidder in each window of the time of receipt', () => {
  const groups = Map.groupBy(bids, ({bidder, timeMs}) => `${bidder} ${windowOf(timeMs)}`);
  const expected = [...groups].map(([name, list]) => {
    const [key, window] = name.split(' ') as [string, string];
    const start = Number(window) * WINDOW_MS;
    return {key, start, end: start + WINDOW_MS, bids: list.length};
  });
  expectRows(rowsOf('q12'), expected);
});

/** Times no more than the gap apart, together; bids are in order. */
function sessionsOf(list: readonly Bid[]): readonly (readonly number[])[] {
  const sessions: number[][] = [];
  for (const {timeMs} of list) {
    const open = sessions.at(-1);
    if (open !== undefined && timeMs - open.at(-1)! <= WINDOW_MS) open.push(timeMs);
    else sessions.push([timeMs]);
  }
  return sessions;
}
