import type {Repartition} from '../../src/define/topology.ts';
import type {LateReason} from '../engine/operator.ts';
import type {Sink} from '../engine/sink.ts';
import {EventSink, type SinkOptions} from './event-sink.ts';
import {PartialSink} from './partial-sink.ts';

export type SinkParts = Omit<SinkOptions, 'root'> & {
  /** None of the views behind the sink takes the event of the moment. */
  readonly onLate: (reason: LateReason) => void;
};

/** The writing end of a repartition topic. */
export function sinkOf(root: Repartition, parts: SinkParts): Sink {
  return root.kind === 'partials'
    ? new PartialSink({...parts, root})
    : new EventSink({...parts, root});
}
