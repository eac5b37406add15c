/**
 * Where a reader is in a live query that several tasks answer: the place in each one's changes, as one event id. It means
 * the same to every replica, for it names partitions and not who has them.
 */
import * as z from 'zod';

export interface Place {
  /** Of the view, in ascending order; whose changes the place is in. */
  readonly partitions: readonly number[];
  /** The `id` that they gave out. */
  readonly id: string;
  /** The last they told by then; `undefined` before they told one. */
  readonly watermark: number | null | undefined;
}

const Encoded = z.array(
  z.tuple([z.array(z.int().nonnegative()), z.string(), z.number().nullable().optional()]),
);

export function encodePlaces(places: readonly Place[]): string {
  const parts = places.map(({partitions, id, watermark}) => [
    partitions,
    id,
    ...(watermark === undefined ? [] : [watermark]),
  ]);
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** None for what is no such id: a reader that comes with it starts over. */
export function decodePlaces(id: string): readonly Place[] {
  try {
    const parts = Encoded.parse(JSON.parse(Buffer.from(id, 'base64url').toString()));
    return parts.map(([partitions, place, watermark]) => ({partitions, id: place, watermark}));
  } catch {
    return [];
  }
}

/** The places of exactly these partitions; `undefined` when there are not such for all of them. */
export function placesOf(
  places: readonly Place[],
  partitions: readonly number[],
): readonly Place[] | undefined {
  const wanted = new Set(partitions);
  const found = places.filter((place) => place.partitions.every((each) => wanted.has(each)));
  const covered = found.flatMap((place) => place.partitions);
  return covered.length === wanted.size && new Set(covered).size === wanted.size
    ? found
    : undefined;
}

/**
 * The least watermark; those without an event yet do not hold it back. `undefined` until all have told theirs.
 */
export function leastWatermark(places: readonly Place[]): number | null | undefined {
  let least: number | null = null;
  for (const {watermark} of places) {
    if (watermark === undefined) return undefined;
    if (watermark !== null) least = Math.min(least ?? watermark, watermark);
  }
  return least;
}
