/**
 * Events of an online auction as the Nexmark generator makes them: of 50 events 1 person, 3 auctions and 46 bids; hot auctions,
 * bidders and sellers. Its ids, ratios and price formula; texts are shorter, and the randomness has a seed.
 */
import {randomOf} from '../../../dev/random-of.ts';

const FIRST_ID = 1_000;
const FIRST_CATEGORY = 10;
const CATEGORIES = 5;
const CYCLE = 50;
const AUCTIONS_PER_CYCLE = 3;
const HOT_AUCTION_RATIO = 2;
const HOT_BIDDER_RATIO = 4;
const HOT_SELLER_RATIO = 4;
/** Ids that are not generated yet but referred to. */
const LEAD = 10;
const IN_FLIGHT_AUCTIONS = 100;
const ACTIVE_PEOPLE = 1_000;
const HOT_EVERY = 100;
const STATES = ['AZ', 'CA', 'ID', 'OR', 'WA', 'WY'];
const CITIES = ['Phoenix', 'Los Angeles', 'Boise', 'Portland', 'Seattle', 'Cheyenne'];
const CHANNELS = ['Google', 'Facebook', 'Baidu', 'Apple'];

export interface Person {
  readonly id: number;
  readonly name: string;
  readonly city: string;
  readonly state: string;
  readonly timeMs: number;
}

export interface Auction {
  readonly id: number;
  readonly itemName: string;
  readonly initialBid: number;
  readonly timeMs: number;
  readonly expiresMs: number;
  readonly seller: number;
  readonly category: number;
}

export interface Bid {
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly channel: string;
  readonly timeMs: number;
}

export interface NexmarkEvents {
  readonly persons: readonly Person[];
  readonly auctions: readonly Auction[];
  readonly bids: readonly Bid[];
}

export interface NexmarkOptions {
  readonly seed: number;
  readonly events: number;
  readonly perSecond: number;
  readonly startMs: number;
}

export function generateEvents(options: NexmarkOptions): NexmarkEvents {
  const {seed, events, perSecond, startMs} = options;
  const random = randomOf(seed);
  const below = (bound: number) => Math.floor(random() * bound);
  const persons: Person[] = [];
  const auctions: Auction[] = [];
  const bids: Bid[] = [];
  const price = () => Math.round(10 ** (random() * 6) * 100);
  const somePerson = () => {
    const active = Math.min(persons.length, ACTIVE_PEOPLE);
    return FIRST_ID + persons.length - active + below(active + LEAD);
  };
  for (let n = 0; n < events; n++) {
    const timeMs = startMs + Math.floor((n * 1_000) / perSecond);
    const place = n % CYCLE;
    if (place === 0) {
      const home = below(STATES.length);
      const id = FIRST_ID + persons.length;
      persons.push({id, name: `person ${id}`, city: CITIES[home]!, state: STATES[home]!, timeMs});
    } else if (place <= AUCTIONS_PER_CYCLE) {
      const id = FIRST_ID + auctions.length;
      const isHot = below(HOT_SELLER_RATIO) > 0;
      auctions.push({
        id,
        itemName: `item ${id}`,
        initialBid: price(),
        timeMs,
        expiresMs: timeMs + 1_000 + below(20_000),
        seller: isHot ? FIRST_ID + hot(persons.length) : somePerson(),
        category: FIRST_CATEGORY + below(CATEGORIES),
      });
    } else {
      const isHotAuction = below(HOT_AUCTION_RATIO) > 0;
      const isHotBidder = below(HOT_BIDDER_RATIO) > 0;
      const recent = Math.min(auctions.length, IN_FLIGHT_AUCTIONS);
      bids.push({
        auction: isHotAuction
          ? FIRST_ID + hot(auctions.length)
          : FIRST_ID + auctions.length - recent + below(recent + LEAD),
        bidder: isHotBidder ? FIRST_ID + hot(persons.length) + 1 : somePerson(),
        price: price(),
        channel: below(2) > 0 ? CHANNELS[below(CHANNELS.length)]! : `channel ${below(10_000)}`,
        timeMs,
      });
    }
  }
  return {persons, auctions, bids};
}

/** Which of so many is the hot one. */
function hot(count: number): number {
  return Math.floor(Math.max(0, count - 1) / HOT_EVERY) * HOT_EVERY;
}
