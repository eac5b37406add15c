import type {ViewDefinition} from '../../src/define/view.ts';
import type {LiveEvent} from '../../src/protocol/query.ts';
import type {RowRange} from '../engine/operator.ts';
import type {RowsAnswer} from './all-views.ts';
import type {PartitionFollowOptions, PartitionViews} from './partition-views.ts';
import {decodePlaces, encodePlaces, placesOf} from './places.ts';

/** An id that no feed gives out: whoever comes with it starts over. */
const NO_PLACE = 'none';

/** The views of a worker with event ids that also mean something when they are joined with those of others. */
export class PlacedViews implements PartitionViews {
  readonly #views: PartitionViews;

  constructor(views: PartitionViews) {
    this.#views = views;
  }

  rows(
    view: ViewDefinition,
    range: RowRange,
    partitions: readonly number[],
  ): RowsAnswer | Promise<RowsAnswer> {
    return this.#views.rows(view, range, partitions);
  }

  async *follow(
    view: ViewDefinition,
    range: RowRange,
    {partitions, signal, lastEventId}: PartitionFollowOptions,
  ): AsyncGenerator<LiveEvent> {
    const places =
      lastEventId === undefined ? undefined : placesOf(decodePlaces(lastEventId), partitions);
    // More than one place: the partitions were with several workers then, and no single feed goes on from there.
    const place = places?.length === 1 ? places[0] : undefined;
    let watermark = place?.watermark;
    const localId = lastEventId === undefined ? undefined : (place?.id ?? NO_PLACE);
    const options = {partitions, signal, lastEventId: localId};
    const placed = (event: LiveEvent): LiveEvent => ({
      ...event,
      id: encodePlaces([{partitions, id: event.id, watermark}]),
    });
    let snapshot: LiveEvent | undefined;
    for await (const event of this.#views.follow(view, range, options)) {
      if (event.event === 'progress') watermark = event.watermark;
      else if (event.event === 'reset') watermark = undefined;
      // Its progress comes with it, and who goes on behind it has to know the watermark of a quiet owner.
      if (event.event === 'snapshot') {
        snapshot = event;
        continue;
      }
      if (snapshot !== undefined) yield placed(snapshot);
      snapshot = undefined;
      yield placed(event);
    }
  }
}
