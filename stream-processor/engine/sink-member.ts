import type {Repartition} from '../../src/define/topology.ts';
import type {MemberTime} from './member-time.ts';
import type {LateReason, TimedEvent} from './operator.ts';
import type {Member} from './route.ts';
import type {Sink} from './sink.ts';

/** A sink at work, and the event it is taking. */
export class SinkMember implements Member {
  readonly name: string;
  readonly sink: Sink;
  readonly time: MemberTime;
  readonly #onLate: (event: TimedEvent, reason: LateReason) => void;
  #event: TimedEvent | undefined;

  constructor(options: {
    readonly root: Repartition;
    readonly time: MemberTime;
    readonly makeSink: (onLate: (reason: LateReason) => void) => Sink;
    /** The views behind it do not get the event. */
    readonly onLate: (event: TimedEvent, reason: LateReason) => void;
  }) {
    this.name = options.root.name;
    this.time = options.time;
    this.#onLate = options.onLate;
    this.sink = options.makeSink((reason) => {
      if (this.#event !== undefined) this.refuse(this.#event, reason);
    });
  }

  take(event: TimedEvent): void {
    this.#event = event;
    this.sink.take(event);
  }

  refuse(event: TimedEvent, reason: LateReason): void {
    this.#onLate(event, reason);
  }

  advance(timeMs: number): void {
    this.sink.advance(timeMs);
  }
}
