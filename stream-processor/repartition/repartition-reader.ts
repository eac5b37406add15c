import type {Repartition} from '../../src/define/topology.ts';
import type {IncomingRecord} from '../../src/kafka/ports.ts';
import type {TimedEvent} from '../engine/operator.ts';
import {WriterTimes, type WriterTimesState} from '../time/writer-times.ts';
import {decodeRepartition, eventTimeOf} from './repartition-codec.ts';

export interface RepartitionListener {
  /** The root's time has moved. */
  advance(timeMs: number): void;
  /** Of a partial `timeMs` is the start of its pane and `event` its encoded states. */
  event(event: TimedEvent): void;
}

/**
 * One partition of a repartition topic, read record by record: the order in which time and events are told is what
 * decides about late events.
 */
export class RepartitionReader {
  readonly #name: string;
  readonly #times: WriterTimes;

  /** `writers`: how many tasks write the topic. */
  constructor(root: Pick<Repartition, 'name'>, writers: number, state?: WriterTimesState) {
    this.#name = root.name;
    this.#times = new WriterTimes(writers, state);
  }

  get timeMs(): number | null {
    return this.#times.timeMs;
  }

  /** Whether no writer ever had an event, as far as they can tell. */
  get isEmpty(): boolean {
    return this.#times.isEmpty;
  }

  /** Writers that time waits for because nothing came from them yet. */
  unheard(): readonly number[] {
    return this.#times.unheard();
  }

  /** For the position record. */
  state(): WriterTimesState {
    return this.#times.state();
  }

  /** The time of an event without reading it; `null` of marks, partials and what cannot be read. */
  eventTimeOf({value}: IncomingRecord): number | null {
    return eventTimeOf(value);
  }

  read(record: IncomingRecord, listener: RepartitionListener): void {
    const decoded = decodeRepartition(record);
    const {writer, writerTimeMs} = decoded;
    const id = `${this.#name}:${record.offset}`;
    if (decoded.kind === 'partial') {
      const {key, startMs, partial} = decoded;
      listener.event({key, timeMs: startMs, id, event: partial});
    }
    if (!Number.isNaN(writerTimeMs) && this.#times.observe(writer, writerTimeMs)) {
      listener.advance(this.#times.timeMs!);
    }
    if (decoded.kind === 'event') {
      const {key, timeMs, event} = decoded;
      listener.event({key, timeMs, id, event});
    }
  }
}
