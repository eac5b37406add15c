import {randomUUID} from 'node:crypto';
import {restoreMark} from '../../../src/kafka/restore-mark.ts';
import {TopicNames} from '../../../src/protocol/topics.ts';
import type {IncomingRecord} from '../../../src/kafka/ports.ts';
import {PartitionProcessor} from '../../../stream-processor/partition-processor.ts';
import {
  processorMetrics,
  type ProcessorMetrics,
} from '../../../stream-processor/processor-metrics.ts';
import {restorePartition} from '../../../stream-processor/restore/restore-partition.ts';
import {Checkpointer} from '../../../stream-processor/state/checkpointer.ts';
import {RESTORE_KEY} from '../../../stream-processor/state/changelog-codec.ts';
import type {MemoryKafka} from './memory-kafka.ts';
import pipeline, {readings} from './pipeline.ts';

export const names = new TopicNames('', pipeline.name);
export const PARTITION = 0;

export interface ModelTaskOptions {
  readonly kafka: MemoryKafka;
  readonly checkpointPath: string;
  readonly nowMs: () => number;
  readonly maxClosed?: number;
  readonly views?: typeof pipeline.views;
}

/** A task without its loop: the test decides what happens when. */
export class ModelTask {
  readonly processor: PartitionProcessor;
  readonly metrics: ProcessorMetrics;
  readonly warnings: readonly string[];
  readonly #options: ModelTaskOptions;
  readonly #checkpointer: Checkpointer;
  readonly #owner: number;

  private constructor(parts: {
    processor: PartitionProcessor;
    metrics: ProcessorMetrics;
    warnings: readonly string[];
    options: ModelTaskOptions;
    owner: number;
  }) {
    this.processor = parts.processor;
    this.metrics = parts.metrics;
    this.warnings = parts.warnings;
    this.#options = parts.options;
    this.#owner = parts.owner;
    this.#checkpointer = new Checkpointer({
      processor: this.processor,
      admin: parts.options.kafka.admin(),
      names,
      stream: readings.name,
      partition: PARTITION,
      clock: {nowMs: parts.options.nowMs},
      log: {info: () => {}, warn: () => {}, error: () => {}},
      confirmOwnership: () => {
        const isOwner = this.#options.kafka.isOwner(this.#owner);
        if (isOwner) this.commit();
        return Promise.resolve(isOwner);
      },
    });
  }

  static async restore(options: ModelTaskOptions): Promise<ModelTask> {
    const owner = options.kafka.fence();
    const metrics = processorMetrics();
    const warnings: string[] = [];
    const log = {
      info: () => {},
      warn: (sentence: string, fields?: object) =>
        void warnings.push(`${sentence} ${JSON.stringify(fields)}`),
      error: (sentence: string) => void warnings.push(sentence),
    };
    const mark = randomUUID();
    const topic = names.changelog(readings.name);
    const place = {topic, partition: PARTITION, key: RESTORE_KEY};
    options.kafka.commit([restoreMark({...place, id: mark, nowMs: options.nowMs()})]);
    const restored = await restorePartition({
      mark,
      kafka: options.kafka.port(),
      admin: options.kafka.admin(),
      stream: readings.name,
      partition: PARTITION,
      views: options.views ?? pipeline.views,
      names,
      checkpointPath: options.checkpointPath,
      clock: {nowMs: options.nowMs},
      log,
      signal: new AbortController().signal,
    });
    const processor = new PartitionProcessor(restored, 0n, {
      stream: readings,
      partition: PARTITION,
      names,
      metrics,
      log,
      newId: randomUUID,
      ...(options.maxClosed === undefined ? {} : {maxClosed: options.maxClosed}),
    });
    return new ModelTask({processor, metrics, warnings, options, owner});
  }

  apply(records: readonly IncomingRecord[]): void {
    if (records.length === 0) return;
    this.processor.apply({records, nextOffset: records.at(-1)!.offset + 1n});
  }

  /** One transaction; `isTold: false`: it is in Kafka, but the task dies before it knows. */
  commit({isTold = true}: {isTold?: boolean} = {}): void {
    const commit = this.processor.prepareCommit(this.#options.nowMs());
    this.#options.kafka.commit(commit.records);
    if (isTold) this.processor.markCommitted(commit);
  }

  /** Writes a few slices, if the time has come and nothing is uncommitted. */
  stepCheckpoint(): Promise<void> {
    return this.#checkpointer.step();
  }

  finishCheckpoint(): Promise<void> {
    return this.#checkpointer.finish();
  }

  /** What kill -9 leaves: what was saved in the file. */
  crash(): void {
    this.processor.checkpoint.close();
  }
}
