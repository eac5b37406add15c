import type {PairsSpec} from '../history/entry.ts';
import type {SourceEvent} from './source-events.ts';

interface Sides {
  readonly left: readonly SourceEvent[];
  readonly right: readonly SourceEvent[];
}

/** Every pair within the time, as `pairName` has it. */
export function expectedPairs({withinMs}: PairsSpec, {left, right}: Sides): readonly string[] {
  const boxOf = (time: number): number => Math.floor(time / (withinMs + 1));
  const boxes = Map.groupBy(right, ({key, time}) => `${key} ${boxOf(time)}`);
  return left.flatMap(({key, id, time}) =>
    [-1, 0, 1]
      .flatMap((step) => boxes.get(`${key} ${boxOf(time) + step}`) ?? [])
      .filter((other) => Math.abs(other.time - time) <= withinMs)
      .map((other) => pairName(key, id, other.id)),
  );
}

export function pairName(key: string, left: string, right: string): string {
  return JSON.stringify({key, left, right});
}
