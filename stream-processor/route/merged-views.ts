import type {ViewDefinition} from '../../src/define/view.ts';
import {sleep} from '../../src/lib/sleep.ts';
import type {LiveEvent} from '../../src/protocol/query.ts';
import type {RowRange} from '../engine/operator.ts';
import {QueryFailed} from '../query/problem.ts';
import {compareRows} from '../query/view-row.ts';
import type {RowsAnswer} from './all-views.ts';
import type {PartitionFollowOptions, PartitionViews} from './partition-views.ts';
import {mergeLive, type Share} from './merge-live.ts';
import {decodePlaces, type Place} from './places.ts';

/** Between two looks for an owner that has gone. */
const RETRY_MS = 500;
/** How long a live query waits for one to come back; then its client has to ask again. */
const PATIENCE_MS = 60_000;

/**
 * Who has a partition of a view now.
 * @throws QueryFailed when nobody is known to have it
 */
export type OwnerOf = (view: ViewDefinition, partition: number) => PartitionViews;

/** One answer out of those of the owners of partitions. */
export class MergedViews implements PartitionViews {
  readonly #ownerOf: OwnerOf;

  constructor(ownerOf: OwnerOf) {
    this.#ownerOf = ownerOf;
  }

  async rows(
    view: ViewDefinition,
    range: RowRange,
    partitions: readonly number[],
    signal?: AbortSignal,
  ): Promise<RowsAnswer> {
    const answers = await Promise.all(
      this.#shares(view, partitions).map(async ({owner, partitions: ofOwner}) =>
        owner.rows(view, range, ofOwner, signal),
      ),
    );
    const [first] = answers;
    if (answers.length === 1) return first!;
    const rows = answers.flatMap((answer) => answer.rows).sort(compareRows);
    const told = answers.flatMap(({watermark}) => watermark ?? []);
    return {
      rows: rows.slice(0, range.limit),
      watermark: told.length === 0 ? null : Math.min(...told),
    };
  }

  /** Goes on from where it was, or says `reset`, when owners change. */
  async *follow(
    view: ViewDefinition,
    range: RowRange,
    {partitions, signal, lastEventId}: PartitionFollowOptions,
  ): AsyncGenerator<LiveEvent> {
    let places: readonly Place[] | undefined =
      lastEventId === undefined ? undefined : decodePlaces(lastEventId);
    let hasBegun = false;
    for (let waitedMs = 0; !signal.aborted && waitedMs < PATIENCE_MS; waitedMs += RETRY_MS) {
      const ending = new AbortController();
      let last: LiveEvent | undefined;
      try {
        const shares = this.#shares(view, partitions);
        const both = AbortSignal.any([ending.signal, signal]);
        for await (last of mergeLive({view, range, shares, places, signal: both})) {
          places = last.event === 'reset' ? undefined : decodePlaces(last.id);
          hasBegun = true;
          waitedMs = 0;
          yield last;
        }
      } catch (error) {
        if (!hasBegun || !isPassing(error)) throw error;
      } finally {
        ending.abort();
      }
      if (last?.event !== 'reset') await sleep(RETRY_MS, signal);
    }
  }

  #shares(view: ViewDefinition, partitions: readonly number[]): readonly Share[] {
    const shares = Map.groupBy(partitions, (partition) => this.#ownerOf(view, partition));
    return Array.from(shares, ([owner, ofOwner]) => ({owner, partitions: ofOwner}));
  }
}

/** Owners come back; a picture that is too large stays so. */
function isPassing(error: unknown): boolean {
  return error instanceof QueryFailed && error.problem.code !== 'too-many-rows';
}
