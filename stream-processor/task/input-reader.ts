import type {Root} from '../../src/define/topology.ts';
import type {CommittedReader} from '../../src/kafka/ports.ts';
import type {TopicNames} from '../../src/protocol/topics.ts';
import {rootTopic} from '../event/root-topic.ts';
import type {PartitionProcessor} from './partition-processor.ts';

/** What may wait of one root; it is not read meanwhile. A poll brings up to 1 MiB on top. */
const MAX_WAITING_RECORDS = 20_000;
const MAX_WAITING_BYTES = 16_777_216;

/** Reads a task's roots, each as far as it may run ahead of the others. */
export class InputReader {
  readonly #reader: CommittedReader;
  readonly #processor: PartitionProcessor;
  readonly #topics: ReadonlyMap<string, Root>;
  readonly #names: TopicNames;
  readonly #reading = new Set<string>();

  constructor(reader: CommittedReader, processor: PartitionProcessor, names: TopicNames) {
    this.#reader = reader;
    this.#processor = processor;
    this.#names = names;
    this.#topics = new Map(processor.group.roots.map((root) => [rootTopic(root, names), root]));
  }

  /** Hands what it reads to the processor, and every end of a root it learns of to `onEnd`. */
  async poll(waitMs: number, onEnd: (root: string, offset: bigint) => void): Promise<void> {
    this.#choose();
    for (const batch of await this.#reader.poll(waitMs)) {
      const root = this.#topics.get(batch.topic);
      if (root === undefined || !this.#reading.has(root.name)) continue;
      this.#processor.receive(root.name, batch);
      onEnd(root.name, batch.lastStableOffset);
    }
  }

  #choose(): void {
    const {inputs, partition} = this.#processor;
    for (const {root, queue} of inputs) {
      const topic = rootTopic(root, this.#names);
      const isFull = queue.count >= MAX_WAITING_RECORDS || queue.bytes >= MAX_WAITING_BYTES;
      if (isFull === !this.#reading.has(root.name)) continue;
      if (isFull) {
        this.#reading.delete(root.name);
        this.#reader.unassign(topic, partition);
      } else {
        this.#reading.add(root.name);
        this.#reader.assign(topic, partition, queue.endOffset);
      }
    }
  }
}
