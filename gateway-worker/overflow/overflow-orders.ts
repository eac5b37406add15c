import type {Pipeline} from '../../src/define/pipeline.ts';

/** Streams whose events may take the way through the queue, and whether they keep their order there. */
export function overflowOrders({
  streams,
}: Pick<Pipeline, 'streams'>): ReadonlyMap<string, 'kept' | 'waived'> {
  return new Map(
    streams.flatMap(({name, whenFull, overflowOrder}) =>
      whenFull === 'overflow' ? [[name, overflowOrder]] : [],
    ),
  );
}
