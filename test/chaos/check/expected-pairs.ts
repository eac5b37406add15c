import type {PairsSpec} from '../history/entry.ts';
import type {EventRow} from './event-row.ts';
import type {SourceEvent} from './source-events.ts';

interface Sides {
  readonly left: readonly SourceEvent[];
  readonly right: readonly SourceEvent[];
}

/** Every pair within the time. */
export function expectedPairs({withinMs}: PairsSpec, {left, right}: Sides): readonly EventRow[] {
  const boxOf = (time: number): number => Math.floor(time / (withinMs + 1));
  const boxes = Map.groupBy(right, ({key, time}) => `${key} ${boxOf(time)}`);
  return left.flatMap(({key, id, time}) =>
    [-1, 0, 1]
      .flatMap((step) => boxes.get(`${key} ${boxOf(time) + step}`) ?? [])
      .filter((other) => Math.abs(other.time - time) <= withinMs)
      .map((other) => ({
        key,
        start: Math.min(time, other.time),
        end: Math.max(time, other.time),
        values: {left: id, right: other.id},
      })),
  );
}
