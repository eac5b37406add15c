import {randomUUID} from 'node:crypto';
import {join} from 'node:path';
import type {Pipeline} from '../../../src/define/pipeline.ts';
import {topologyOf, type Root} from '../../../src/define/topology.ts';
import {TopicNames} from '../../../src/protocol/topics.ts';
import {createEngine} from '../../../stream-processor/engine/create-engine.ts';
import {memoryStores} from '../../../stream-processor/state/memory-stores.ts';
import {PartitionProcessor} from '../../../stream-processor/task/partition-processor.ts';
import {processorMetrics} from '../../../stream-processor/status/processor-metrics.ts';
import {Checkpoint} from '../../../stream-processor/state/checkpoint.ts';
import {Advances} from '../../../stream-processor/time/advances.ts';
import type {MemoryKafka} from '../support/memory-kafka.ts';

/** Records a task reads of a root before others have their turn. */
const BATCH = 40;
const MAX_TURNS = 10_000;

/** All tasks of a pipeline in one thread over a Kafka in memory, each reading and committing in its turn. */
export class ModelProcessor {
  readonly names: TopicNames;
  readonly #kafka: MemoryKafka;
  readonly #tasks: readonly PartitionProcessor[];
  readonly #nowMs: () => number;

  constructor(options: {
    readonly pipeline: Pipeline;
    readonly kafka: MemoryKafka;
    readonly folder: string;
    readonly nowMs: () => number;
  }) {
    const {pipeline, kafka, folder, nowMs} = options;
    this.#kafka = kafka;
    this.#nowMs = nowMs;
    this.names = new TopicNames('', pipeline.name);
    this.#tasks = topologyOf(pipeline).groups.flatMap((group) =>
      Array.from({length: group.partitions}, (_, partition) => {
        const unit = {group, partition, pipeline, names: this.names, clock: {nowMs}};
        const engine = createEngine(unit, memoryStores);
        const restored = {
          readBack: 0,
          engine,
          advances: new Advances(
            memoryStores.keyed('advances', 'memory', {
              encode: () => new Uint8Array(),
              decode: () => 0,
            }),
          ),
          stores: engine.stores,
          position: undefined,
          checkpoint: Checkpoint.open(join(folder, `${group.name}.${partition}.sqlite`)),
        };
        return new PartitionProcessor(restored, {
          ...unit,
          metrics: processorMetrics(),
          log: {info: () => {}, warn: () => {}, error: () => {}},
          newId: randomUUID,
          firstOffsets: Object.fromEntries(group.roots.map(({name}) => [name, 0n])),
        });
      }),
    );
  }

  /** Until no task has anything to do. */
  run(): void {
    for (let turn = 0; turn < MAX_TURNS; turn++) {
      if (!this.#tasks.map((task) => this.#turn(task)).includes(true)) return;
    }
    throw new Error('the tasks do not come to an end');
  }

  close(): void {
    for (const {checkpoint} of this.#tasks) checkpoint.close();
  }

  get lateRecords(): number {
    return this.#tasks.reduce(
      (total, {engine, tally}) =>
        total + engine.views.reduce((sum, {name}) => sum + tally.lateCount(name), 0),
      0,
    );
  }

  /** Whether there was anything to do. */
  #turn(task: PartitionProcessor): boolean {
    let hasRead = false;
    for (const {root, queue} of task.inputs) {
      const log = this.#kafka.records(this.#topicOf(root), task.partition);
      const batch = log.filter(({offset}) => offset >= queue.endOffset).slice(0, BATCH);
      if (batch.length > 0) {
        const nextOffset = batch.at(-1)!.offset + 1n;
        task.receive(root.name, {records: batch, nextOffset});
        hasRead = true;
      }
      const end = (log.at(-1)?.offset ?? -1n) + 1n;
      task.noteEnd(root.name, end, this.#nowMs());
    }
    task.applyWaiting(this.#nowMs());
    task.tick(this.#nowMs());
    if (!task.hasUncommitted() && !task.owesRecords(this.#nowMs())) return hasRead;
    const commit = task.prepareCommit(this.#nowMs());
    this.#kafka.commit(commit.records);
    task.markCommitted(commit);
    return true;
  }

  #topicOf(root: Root): string {
    return root.kind === 'stream' ? this.names.data(root.name) : this.names.repartition(root.name);
  }
}
