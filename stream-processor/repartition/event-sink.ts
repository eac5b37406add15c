import type {RekeyInput} from '../../src/define/input.ts';
import type {Repartition} from '../../src/define/topology.ts';
import type {OutgoingRecord} from '../../src/kafka/ports.ts';
import type {Clock} from '../../src/lib/clock.ts';
import {ForebayError} from '../../src/lib/errors.ts';
import {MAX_VALUE_BYTES} from '../../src/protocol/topics.ts';
import {partitionOf} from '../../src/record/shard.ts';
import type {TimedEvent} from '../engine/operator.ts';
import type {Sink} from '../engine/sink.ts';
import {newKeyOf} from './new-key.ts';
import {encodeEvent} from './repartition-codec.ts';
import {TimeMarks} from './time-marks.ts';

export interface SinkOptions {
  readonly root: Repartition;
  readonly topic: string;
  /** Partition of the task that writes. */
  readonly writer: number;
  readonly clock: Clock;
}

/** The events of a `rekey`, each as JSON under its new key. Which of them are late is decided where they are read. */
export class EventSink implements Sink {
  readonly name: string;
  readonly #options: SinkOptions;
  readonly #rekey: RekeyInput;
  readonly #marks: TimeMarks;
  readonly #records: Omit<OutgoingRecord, 'timestampMs'>[] = [];
  /** Per partition the time its last record carries. */
  readonly #said = new Map<number, number>();

  constructor(options: SinkOptions) {
    const {root, topic, writer} = options;
    this.name = root.name;
    this.#options = options;
    this.#rekey = root.rekey;
    this.#marks = new TimeMarks({topic, partitions: root.partitions, writer});
  }

  take({timeMs, event}: TimedEvent): void {
    const {topic, writer, root} = this.#options;
    const key = Buffer.from(newKeyOf(this.#rekey, event));
    const json = jsonOf(event, this.#rekey);
    const writerTimeMs = this.#marks.timeMs;
    const value = encodeEvent({writer, writerTimeMs}, timeMs, json);
    if (value.length > MAX_VALUE_BYTES) throw tooLarge(this.#rekey, value.length);
    const partition = partitionOf(key, root.partitions);
    this.#records.push({topic, partition, key, value, headers: []});
    this.#said.set(partition, writerTimeMs);
  }

  advance(timeMs: number): void {
    this.#marks.advance(timeMs);
  }

  noteEmpty(): void {
    this.#marks.noteEmpty();
  }

  isPending(): boolean {
    return this.#records.length > 0 || this.#marks.isPending(this.#options.clock.nowMs());
  }

  takeRecords(nowMs: number): readonly OutgoingRecord[] {
    const events = this.#records.map((record) => ({...record, timestampMs: nowMs}));
    return [...events, ...this.#marks.take(this.#said, nowMs)];
  }

  markCommitted(): void {
    this.#records.length = 0;
    this.#said.clear();
    this.#marks.markCommitted();
  }
}

function jsonOf(event: unknown, {name}: RekeyInput): string {
  const json = JSON.stringify(event) as string | undefined;
  if (json !== undefined) return json;
  throw new ForebayError({
    code: 'REKEY_EVENT_INVALID',
    message: `rekey "${name}": the event is ${typeof event}, which JSON does not have`,
    hint: 'let the map before the rekey return JSON',
  });
}

function tooLarge({name}: RekeyInput, bytes: number): ForebayError {
  return new ForebayError({
    code: 'REKEY_EVENT_TOO_LARGE',
    message: `rekey "${name}": the event has ${bytes} bytes, a record takes ${MAX_VALUE_BYTES}`,
    hint: 'map it to what the views behind the rekey need',
  });
}
