import type {IncomingRecord} from '../../src/kafka/ports.ts';
import type {TimedEvent} from '../engine/operator.ts';
import type {WriterTimes} from '../time/writer-times.ts';
import {decodeRepartition} from './repartition-codec.ts';

export interface RepartitionListener {
  /** The root's time has moved. */
  advance(timeMs: number): void;
  /** Of a partial `timeMs` is the start of its pane and `event` its encoded states. */
  event(event: TimedEvent): void;
}

export interface RepartitionRoot {
  readonly name: string;
  readonly times: WriterTimes;
  readonly listener: RepartitionListener;
}

/** Reads a record of a repartition topic. The order in which time and event are told is what decides about late events. */
export function readRepartition(
  record: IncomingRecord,
  {name, times, listener}: RepartitionRoot,
): void {
  const decoded = decodeRepartition(record);
  const {writer, writerTimeMs} = decoded;
  const id = `${name}:${record.offset}`;
  if (decoded.kind === 'partial') {
    const {key, startMs, partial} = decoded;
    listener.event({key, timeMs: startMs, id, event: partial});
  }
  if (!Number.isNaN(writerTimeMs) && times.observe(writer, writerTimeMs)) {
    listener.advance(times.timeMs!);
  }
  if (decoded.kind === 'event') {
    const {key, timeMs, event} = decoded;
    listener.event({key, timeMs, id, event});
  }
}
