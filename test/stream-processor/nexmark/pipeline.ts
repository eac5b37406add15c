/** Nexmark's queries 0 to 5, 7, 8, 11 and 12 in the words of a pipeline. */
import * as z from 'zod';
import {
  aggregate,
  apiKey,
  count,
  definePipeline,
  defineStream,
  filter,
  hopping,
  hours,
  join,
  map,
  max,
  mean,
  min,
  rekey,
  rowsOf,
  running,
  seconds,
  select,
  session,
  tumbling,
} from '../../../src/define/index.ts';

const stream = {owner: 'auctions', partitions: 3, accept: [apiKey()]};
const bidSchema = z.object({
  auction: z.number(),
  bidder: z.number(),
  price: z.number(),
  channel: z.string(),
  timeMs: z.number(),
});
export const persons = defineStream({
  ...stream,
  name: 'persons',
  schema: z.object({
    id: z.number(),
    name: z.string(),
    city: z.string(),
    state: z.string(),
    timeMs: z.number(),
  }),
  key: ({id}) => `${id}`,
  eventTime: ({timeMs}) => timeMs,
});
export const auctions = defineStream({
  ...stream,
  name: 'auctions',
  schema: z.object({
    id: z.number(),
    itemName: z.string(),
    initialBid: z.number(),
    timeMs: z.number(),
    expiresMs: z.number(),
    seller: z.number(),
    category: z.number(),
  }),
  key: ({id}) => `${id}`,
  eventTime: ({timeMs}) => timeMs,
});
export const bids = defineStream({
  ...stream,
  name: 'bids',
  schema: bidSchema,
  key: ({auction}) => `${auction}`,
  eventTime: ({timeMs}) => timeMs,
});
/** The same without an event time: it is then the time of receipt. */
export const bidsAsReceived = defineStream({
  ...stream,
  name: 'bids-as-received',
  schema: bidSchema,
  key: ({auction}) => `${auction}`,
});

/** Of the generator: what comes later than this is not expected. */
const graceMs = seconds(4);
const windows = {emit: 'updates', graceMs} as const;
/** Longer than any run: a join without a window. */
const FOREVER_MS = hours(24);

const CENTS_PER_DOLLAR_TO_EURO = 0.908;
const q0 = select(bids, {name: 'q0', row: (bid) => bid});
const q1 = select(
  map(bids, (bid) => ({...bid, price: bid.price * CENTS_PER_DOLLAR_TO_EURO})),
  {name: 'q1', row: (bid) => bid},
);
const q2 = select(
  filter(bids, ({auction}) => auction % 123 === 0),
  {name: 'q2', row: ({auction, price}) => ({auction, price})},
);

const bySeller = rekey(auctions, {name: 'auctions-by-seller', key: ({seller}) => `${seller}`});
const q3 = join(
  filter(bySeller, ({category}) => category === 10),
  filter(persons, ({state}) => ['OR', 'ID', 'CA'].includes(state)),
  {
    name: 'q3',
    withinMs: FOREVER_MS,
    graceMs,
    select: ({id: auction}, {name, city, state}) => ({name, city, state, auction}),
  },
);

/** Every bid that came while its auction was open. */
const validBids = join(auctions, bids, {
  name: 'valid-bids',
  beforeMs: 0,
  afterMs: seconds(30),
  graceMs,
  where: ({expiresMs}, {timeMs}) => timeMs <= expiresMs,
  select: ({id, category}, {price}) => ({auction: id, category, price}),
});
/** What each auction was won for, known when nobody can bid any more. */
const won = session(validBids, {
  name: 'won',
  gapMs: seconds(30),
  graceMs,
  emit: 'final',
  aggregates: {price: max(({price}) => price), category: min(({category}) => category)},
});
/** The mean of what the auctions of a category were won for, so far. */
const q4 = running(
  rekey(rowsOf(won), {name: 'won-by-category', key: ({category}) => `${category}`}),
  {name: 'q4', aggregates: {meanFinal: mean(({price}) => price ?? 0)}},
);

const HOP_MS = seconds(2);
const perAuction = hopping(bids, {
  name: 'bids-per-auction',
  sizeMs: seconds(10),
  advanceMs: HOP_MS,
  graceMs,
  emit: 'final',
  aggregates: {bids: count()},
});
interface Hot {
  readonly [field: string]: string | number;
  readonly auction: string;
  readonly bids: number;
}
const hotter = (a: Hot | null, b: Hot | null): Hot | null =>
  a === null || (b !== null && (b.bids > a.bids || (b.bids === a.bids && b.auction < a.auction)))
    ? b
    : a;
const counted = rekey(rowsOf(perAuction), {name: 'counted', key: () => 'all', partitions: 1});
/** Rows of windows that end together fall into one hop. */
const q5 = tumbling(counted, {
  name: 'q5',
  sizeMs: HOP_MS,
  graceMs: 0,
  emit: 'final',
  aggregates: {
    hot: aggregate({
      init: (): Hot | null => null,
      add: (hot, {key, bids: count}) => hotter(hot, {auction: key, bids: count}),
      merge: hotter,
      result: (hot) => hot,
    }),
  },
});

const allBids = rekey(bids, {name: 'all-bids', key: () => 'all', partitions: 1});
interface Best {
  readonly [field: string]: number;
  readonly price: number;
  readonly auction: number;
  readonly bidder: number;
}
const better = (a: Best | null, b: Best | null): Best | null =>
  a === null || (b !== null && (b.price > a.price || (b.price === a.price && b.bidder < a.bidder)))
    ? b
    : a;
const q7 = tumbling(allBids, {
  ...windows,
  name: 'q7',
  sizeMs: seconds(10),
  aggregates: {
    highest: aggregate({
      init: (): Best | null => null,
      add: (best, {price, auction, bidder}) => better(best, {price, auction, bidder}),
      merge: better,
      result: (best) => best,
    }),
  },
});

const WINDOW_MS = seconds(10);
const windowOf = (timeMs: number) => Math.floor(timeMs / WINDOW_MS);
/** Who opened an auction in the window in which they came. */
const q8 = join(persons, bySeller, {
  name: 'q8',
  withinMs: WINDOW_MS,
  graceMs,
  where: (person, auction) => windowOf(person.timeMs) === windowOf(auction.timeMs),
  select: ({id, name, timeMs}, auction) => ({
    person: id,
    name,
    window: windowOf(timeMs),
    auction: auction.id,
  }),
});

const byBidder = rekey(bids, {name: 'bids-by-bidder', key: ({bidder}) => `${bidder}`});
const q11 = session(byBidder, {
  ...windows,
  name: 'q11',
  gapMs: seconds(10),
  aggregates: {bids: count()},
});

const q12 = tumbling(
  rekey(bidsAsReceived, {name: 'received-by-bidder', key: ({bidder}) => `${bidder}`}),
  {...windows, name: 'q12', sizeMs: seconds(10), aggregates: {bids: count()}},
);

export default definePipeline({
  name: 'nexmark',
  streams: [persons, auctions, bids, bidsAsReceived],
  views: [q0, q1, q2, q3, q4, q5, q7, q8, q11, q12],
});
