import type {Pipeline} from '../../src/define/pipeline.ts';
import {reachOf} from '../../src/define/reach.ts';
import type {ViewDefinition} from '../../src/define/view.ts';
import type {IncomingRecord, KafkaHeader, OutgoingRecord} from '../../src/kafka/ports.ts';
import {utf8} from '../../src/lib/bytes.ts';
import type {TopicNames} from '../../src/protocol/topics.ts';
import type {LateEvent} from '../engine/task-engine.ts';
import {LATE_REASON_HEADER, LATE_WINDOWS_HEADER} from './result-record.ts';

export interface LateRecordsOptions {
  readonly pipeline: Pick<Pipeline, 'views'>;
  readonly names: TopicNames;
  readonly partition: number;
}

/** What views did not take, for their late topics, until a commit carries it. */
export class LateRecords {
  readonly #options: LateRecordsOptions;
  readonly #views: ReadonlyMap<string, ViewDefinition>;
  #records: OutgoingRecord[] = [];

  constructor(options: LateRecordsOptions) {
    this.#options = options;
    const {views} = reachOf(options.pipeline.views);
    this.#views = new Map(Array.from(views, (view) => [view.name, view]));
  }

  get records(): readonly OutgoingRecord[] {
    return this.#records;
  }

  /** `record`: what the event was read from; undefined when that is not for others to read. */
  add(late: LateEvent, record: IncomingRecord | undefined, nowMs: number): void {
    const {names, partition} = this.#options;
    for (const name of late.views) {
      const view = this.#views.get(name);
      if (view === undefined) continue;
      this.#records.push({
        ...(record === undefined ? madeOf(late, nowMs) : copyOf(record, late)),
        topic: names.late(name),
        // A view behind a repartition topic may have fewer.
        partition: partition % view.partitions,
      });
    }
  }

  clear(): void {
    this.#records = [];
  }
}

type Body = Omit<OutgoingRecord, 'topic' | 'partition'>;

function copyOf({key, value, headers, timestampMs}: IncomingRecord, late: LateEvent): Body {
  return {key, value, headers: [...headers, ...reasonOf(late)], timestampMs};
}

function madeOf(late: LateEvent, nowMs: number): Body {
  const {key, event} = late.event;
  const value = event instanceof Uint8Array ? event : Buffer.from(JSON.stringify(event) ?? 'null');
  return {key: utf8(key), value, headers: reasonOf(late), timestampMs: nowMs};
}

function reasonOf({reason, windows}: LateEvent): readonly KafkaHeader[] {
  const header: KafkaHeader = [LATE_REASON_HEADER, utf8(reason)];
  return windows === undefined ? [header] : [header, [LATE_WINDOWS_HEADER, utf8(String(windows))]];
}
