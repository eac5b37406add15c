import type {ViewDefinition} from '../../src/define/view.ts';
import type {LiveEvent} from '../../src/protocol/query.ts';
import type {RowRange} from '../engine/operator.ts';
import {QueryFailed, tooManyRows} from '../query/problem.ts';
import {compareRows} from '../query/view-row.ts';
import {Interleaved} from './interleaved.ts';
import type {PartitionViews} from './partition-views.ts';
import {decodePlaces, encodePlaces, leastWatermark, placesOf, type Place} from './places.ts';

/** What one owner has of what is asked. */
export interface Share {
  readonly owner: PartitionViews;
  readonly partitions: readonly number[];
}

export interface MergeLiveOptions {
  readonly view: ViewDefinition;
  /** Its limit is the most rows of a snapshot. */
  readonly range: RowRange;
  readonly shares: readonly Share[];
  /** Where to go on; `undefined`: begin with a snapshot. */
  readonly places: readonly Place[] | undefined;
  readonly signal: AbortSignal;
}

/**
 * The live answers of several owners as one, for as long as all of them go on: one snapshot, then every delta, and as
 * progress the least watermark. Each event's id joins the places of all owners, so it is a place in the whole.
 *
 * When one owner starts over, so does the whole: a snapshot of a part would need the rows of the others, and nobody here
 * keeps them. It says `reset` then and ends, with an id that nobody can go on from.
 */
export async function* mergeLive(options: MergeLiveOptions): AsyncGenerator<LiveEvent> {
  const {shares, places} = options;
  const known = shares.map(({partitions}) =>
    places === undefined ? undefined : placesOf(places, partitions),
  );
  // An owner that is quiet would never tell the watermark that a place lacks, and so hold back all progress.
  const canGoOn = known.every((each) => each?.every(({watermark}) => watermark !== undefined));
  if (!canGoOn && places !== undefined) {
    yield reset();
    return;
  }
  const parts = new Parts(known);
  const streams = shares.map((share, index) => open(share, known[index], options));
  if (!canGoOn) yield await firstSnapshot(streams, parts, options.range.limit);
  const arrivals = new Interleaved(streams);
  let told = canGoOn ? leastWatermark(parts.all()) : undefined;
  for (;;) {
    const arrival = await arrivals.next();
    if (arrival === undefined || arrival.kind === 'end') return;
    if (arrival.kind === 'error') throw arrival.error;
    const {from, value: event} = arrival;
    if (event.event === 'reset' || event.event === 'snapshot') {
      yield reset();
      return;
    }
    parts.move(from, event.id);
    if (event.event === 'delta') yield {...event, id: parts.id()};
    else {
      const watermark = leastWatermark(parts.all());
      if (watermark === undefined || !isAhead(watermark, told)) continue;
      told = watermark;
      yield {event: 'progress', watermark, id: parts.id()};
    }
  }
}

/** The places of all owners. */
class Parts {
  readonly #places: (readonly Place[])[];

  constructor(places: readonly (readonly Place[] | undefined)[]) {
    this.#places = places.map((each) => each ?? []);
  }

  all(): readonly Place[] {
    return this.#places.flat();
  }

  id(): string {
    return encodePlaces(this.all());
  }

  move(index: number, id: string): void {
    this.#places[index] = decodePlaces(id);
  }
}

function open(
  {owner, partitions}: Share,
  places: readonly Place[] | undefined,
  {view, range, signal}: MergeLiveOptions,
): AsyncIterator<LiveEvent> {
  const lastEventId = places === undefined ? undefined : encodePlaces(places);
  return owner.follow(view, range, {partitions, signal, lastEventId})[Symbol.asyncIterator]();
}

async function firstSnapshot(
  streams: readonly AsyncIterator<LiveEvent>[],
  parts: Parts,
  limit: number,
): Promise<LiveEvent> {
  const firsts = await Promise.all(streams.map((stream) => stream.next()));
  const rows = firsts.flatMap(({done, value}, index) => {
    if (done === true || value.event !== 'snapshot') throw hasLeft();
    parts.move(index, value.id);
    return value.rows;
  });
  if (rows.length > limit) throw tooManyRows(limit);
  return {event: 'snapshot', rows: rows.sort(compareRows), id: parts.id()};
}

function hasLeft(): QueryFailed {
  return new QueryFailed({code: 'owner-away', detail: 'an owner left before it had its rows'});
}

/** What was told stands when a quiet partition gets an older first event. */
function isAhead(watermark: number | null, told: number | null | undefined): boolean {
  if (told === undefined) return true;
  return watermark !== null && (told === null || watermark > told);
}

function reset(): LiveEvent {
  return {event: 'reset', id: encodePlaces([])};
}
