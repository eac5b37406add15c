import type {Pipeline} from '../../src/define/pipeline.ts';
import type {Root} from '../../src/define/topology.ts';
import type {IncomingRecord} from '../../src/kafka/ports.ts';
import {describeError} from '../../src/lib/errors.ts';
import type {TopicNames} from '../../src/protocol/topics.ts';
import type {Log} from '../../src/telemetry/log.ts';
import type {EngineListener, LateEvent} from '../engine/task-engine.ts';
import type {RecordMarks} from '../event/record-marks.ts';
import type {RootInputListener} from '../event/root-input.ts';
import {LateRecords} from '../output/late-records.ts';
import type {ProcessorMetrics} from '../status/processor-metrics.ts';
import {isOfFile} from '../state/checkpoint.ts';

export interface RecordTallyOptions {
  readonly pipeline: Pick<Pipeline, 'views'>;
  readonly partition: number;
  readonly names: TopicNames;
  readonly metrics: ProcessorMetrics;
  readonly log: Log;
  /** By view, of the last commit. */
  readonly lateCounts: Readonly<Record<string, number>>;
}

/** What became of the records applied since the last commit, and what that commit carries of those nobody took. */
export class RecordTally implements EngineListener {
  readonly #options: RecordTallyOptions;
  readonly #late: LateRecords;
  readonly #lateCounts: Record<string, number>;
  #records = 0;
  #bytes = 0;
  #oldestMs: number | null = null;
  #applying: IncomingRecord | undefined;
  #receivedMs = 0;
  /** Whether others can read the record of the moment: not those of a repartition topic. */
  #isOriginal = false;

  constructor(options: RecordTallyOptions) {
    this.#options = options;
    this.#late = new LateRecords(options);
    this.#lateCounts = {...options.lateCounts};
  }

  get uncommittedRecords(): number {
    return this.#records;
  }

  /** Of values: what late records can hold in memory until the commit. */
  get uncommittedBytes(): number {
    return this.#bytes;
  }

  /** Received time of the oldest record that no commit has yet. */
  get oldestUncommittedMs(): number | null {
    return this.#oldestMs;
  }

  get lateRecords(): LateRecords['records'] {
    return this.#late.records;
  }

  lateCount(view: string): number {
    return this.#lateCounts[view] ?? 0;
  }

  /** What is told now comes from time alone. */
  endRecord(): void {
    this.#applying = undefined;
  }

  markCommitted(): void {
    this.#late.clear();
    this.#records = 0;
    this.#bytes = 0;
    this.#oldestMs = null;
  }

  listenerOf(root: Root): RootInputListener {
    const isOriginal = root.kind === 'stream';
    const {metrics} = this.#options;
    return {
      applying: (record) => this.#begin(record, isOriginal),
      duplicate: () => metrics.duplicates.add(1, {stream: root.name}),
      hole: (marks, missing) => this.#reportHole(root, marks, missing),
      invalid: (reason) => this.#countInvalid(reason, {stream: root.name}),
    };
  }

  late(late: LateEvent): void {
    for (const view of late.views) {
      this.#lateCounts[view] = this.lateCount(view) + 1;
      this.#options.metrics.late.add(1, {view, reason: late.reason});
    }
    const isReadable = this.#isOriginal && !late.isRow;
    this.#late.add(late, isReadable ? this.#applying : undefined, this.#receivedMs);
  }

  /** @throws what the checkpoint file or its disk did: the event is not to be left out for that. */
  failed(name: string, error: unknown): void {
    if (isOfFile(error)) throw error;
    this.#countInvalid(describeError(error), {view: name});
  }

  #begin(record: IncomingRecord, isOriginal: boolean): void {
    this.#records++;
    this.#bytes += record.value?.byteLength ?? 0;
    this.#oldestMs ??= record.timestampMs;
    this.#applying = record;
    this.#receivedMs = record.timestampMs;
    this.#isOriginal = isOriginal;
  }

  /** The first one of a program's life is told, so that a wrong schema is noticed; the counter tells the rest. */
  #countInvalid(reason: string, labels: {readonly stream: string} | {readonly view: string}): void {
    const {metrics, partition, log} = this.#options;
    if (metrics.invalid.value(labels) === 0) {
      const sentence = 'a record is left out; later ones are only counted';
      log.warn(sentence, {...labels, partition, reason});
    }
    metrics.invalid.add(1, labels);
  }

  #reportHole({name}: Root, marks: RecordMarks, missing: number): void {
    const {metrics, log} = this.#options;
    metrics.holes.add(1, {stream: name});
    log.error('records of a shard are missing', {
      shard: marks.shard,
      incarnation: marks.incarnation,
      missing,
      nextSeq: marks.seq,
    });
  }
}
