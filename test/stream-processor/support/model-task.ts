import {randomUUID} from 'node:crypto';
import type {Pipeline} from '../../../src/define/pipeline.ts';
import {topologyOf} from '../../../src/define/topology.ts';
import type {ViewRow} from '../../../src/protocol/query.ts';
import {partitionRows} from '../../../stream-processor/query/partition-rows.ts';
import {restoreMark} from '../../../src/kafka/restore-mark.ts';
import {TopicNames} from '../../../src/protocol/topics.ts';
import type {IncomingRecord} from '../../../src/kafka/ports.ts';
import {PartitionProcessor} from '../../../stream-processor/task/partition-processor.ts';
import {
  processorMetrics,
  type ProcessorMetrics,
} from '../../../stream-processor/status/processor-metrics.ts';
import {RestoreProgress} from '../../../stream-processor/restore/restore-progress.ts';
import {restorePartition} from '../../../stream-processor/restore/restore-partition.ts';
import {Checkpointer} from '../../../stream-processor/task/checkpointer.ts';
import {RESTORE_KEY} from '../../../stream-processor/state/changelog-codec.ts';
import type {MemoryKafka} from './memory-kafka.ts';
import pipeline from './pipeline.ts';
import {publishedViews} from '../../../stream-processor/engine/published-views.ts';
import {taskName} from '../../../stream-processor/task/task-name.ts';

export const names = new TopicNames('', pipeline.name);
export const PARTITION = 0;
const ALL = {
  fromMs: Number.MIN_SAFE_INTEGER,
  toMs: Number.MAX_SAFE_INTEGER,
  limit: 10_000,
};

export interface ModelTaskOptions {
  readonly kafka: MemoryKafka;
  readonly checkpointPath: string;
  readonly nowMs: () => number;
  readonly maxClosed?: number;
  readonly views?: Pipeline['views'];
  /** Of the group, of which it is task 0. Default: the first. */
  readonly group?: string;
}

/** A task without its loop: the test decides what happens when. */
export class ModelTask {
  readonly processor: PartitionProcessor;
  readonly metrics: ProcessorMetrics;
  readonly warnings: readonly string[];
  /** Records that restoring took from the topics. */
  readonly readBack: number;
  readonly #options: ModelTaskOptions;
  readonly #checkpointer: Checkpointer;
  readonly #owner: number;

  private constructor(parts: {
    processor: PartitionProcessor;
    metrics: ProcessorMetrics;
    warnings: readonly string[];
    options: ModelTaskOptions;
    owner: number;
    readBack: number;
  }) {
    this.readBack = parts.readBack;
    this.processor = parts.processor;
    this.metrics = parts.metrics;
    this.warnings = parts.warnings;
    this.#options = parts.options;
    this.#owner = parts.owner;
    this.#checkpointer = new Checkpointer({
      processor: this.processor,
      admin: parts.options.kafka.admin(),
      names,
      group: this.processor.group,
      views: publishedViews({group: this.processor.group, pipeline: pipelineOf(parts.options)}),
      partition: PARTITION,
      clock: {nowMs: parts.options.nowMs},
      log: {info: () => {}, warn: () => {}, error: () => {}},
      confirmOwnership: () => {
        const isOwner = this.#options.kafka.isOwner(this.#owner);
        if (isOwner) this.#commitOnly();
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
    const unit = {...unitOf(options), pipeline: pipelineOf(options), names};
    const topic = names.changelog(unit.group.name);
    const place = {topic, partition: PARTITION, key: RESTORE_KEY};
    options.kafka.commit([restoreMark({...place, id: mark, nowMs: options.nowMs()})]);
    const clock = {nowMs: options.nowMs};
    const restored = await restorePartition({
      ...unit,
      mark,
      kafka: options.kafka.port(),
      admin: options.kafka.admin(),
      checkpointPath: options.checkpointPath,
      clock,
      log,
      progress: new RestoreProgress({task: taskName(unit.group, PARTITION), clock, log}),
      signal: new AbortController().signal,
    });
    const processor = new PartitionProcessor(restored, {
      ...unit,
      metrics,
      log,
      newId: randomUUID,
      firstOffsets: Object.fromEntries(unit.group.roots.map(({name}) => [name, 0n])),
      ...(options.maxClosed === undefined ? {} : {maxClosed: options.maxClosed}),
    });
    const {readBack} = restored;
    return new ModelTask({processor, metrics, warnings, options, owner, readBack});
  }

  /** Next offset to read of a root; default: of the first. */
  offset(root = this.processor.inputs[0]!.root.name): bigint {
    return this.#input(root).queue.endOffset;
  }

  /** Hands records over; what must wait for a commit is applied behind it. */
  apply(records: readonly IncomingRecord[], root = this.processor.inputs[0]!.root.name): void {
    if (records.length > 0) {
      this.processor.receive(root, {records, nextOffset: records.at(-1)!.offset + 1n});
    }
    this.processor.applyWaiting(this.#options.nowMs());
  }

  /** All rows of a view, as a query shows them. */
  rows(view: string): readonly ViewRow[] {
    const {engine} = this.processor;
    return partitionRows(this.processor, engine.view(view)!.view, ALL);
  }

  /** Whether a commit would change something, or records wait for one. */
  hasWork(): boolean {
    const {processor} = this;
    return processor.hasUncommitted() || processor.inputs.some(({queue}) => queue.count > 0);
  }

  /** One transaction; `isTold: false`: it is in Kafka, but the task dies before it knows. */
  commit({isTold = true}: {isTold?: boolean} = {}): void {
    this.#commitOnly({isTold});
    if (isTold) this.processor.applyWaiting(this.#options.nowMs());
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

  #commitOnly({isTold = true}: {isTold?: boolean} = {}): void {
    const commit = this.processor.prepareCommit(this.#options.nowMs());
    this.#options.kafka.commit(commit.records);
    if (isTold) this.processor.markCommitted(commit);
  }

  #input(root: string) {
    return this.processor.inputs.find((input) => input.root.name === root)!;
  }
}

function pipelineOf({views = pipeline.views}: ModelTaskOptions): Pick<Pipeline, 'views'> {
  return {views};
}

function unitOf(options: ModelTaskOptions) {
  const {groups} = topologyOf(pipelineOf(options));
  const group = groups.find(({name}) => name === options.group) ?? groups[0]!;
  return {group, partition: PARTITION};
}
