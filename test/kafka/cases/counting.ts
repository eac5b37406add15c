import {expect} from 'vitest';
import type {FencedProducer} from '../../../src/kafka/ports.ts';
import {readPartition, textOf, textRecord} from '../../support/kafka-records.ts';
import {uniqueName} from '../../support/kafka.ts';
import {readTopic} from '../../support/read-topic.ts';
import {waitUntil} from '../../support/wait-until.ts';
import type {Lab} from './lab.ts';

const TIMEOUT_MS = 30_000;
const DEADLINE_MS = 60_000;
const COMMITS_DEADLINE_MS = 100_000;
const BATCH = 20;

/** What a drain does: commit the next batch; after anything uncertain, open again, read back, go on from there. */
export class Counting {
  commits = 0;
  uncertain = 0;
  count = 0;
  isOver = false;
  readonly topic = uniqueName('kill');
  readonly #id = uniqueName('kill');
  readonly #lab: Pick<Lab, 'brokers' | 'direct'>;
  readonly #deadlineMs: number;

  /** `deadlineMs` is each transaction's. */
  constructor(lab: Pick<Lab, 'brokers' | 'direct'>, deadlineMs: number) {
    this.#lab = lab;
    this.#deadlineMs = deadlineMs;
  }

  async moreCommits(more: number): Promise<void> {
    const goal = this.commits + more;
    await waitUntil(`${more} more commits`, COMMITS_DEADLINE_MS, () => this.commits >= goal);
  }

  async run(): Promise<void> {
    const {direct: kafka} = this.#lab;
    const {topic} = this;
    let producer: FencedProducer | undefined;
    while (!this.isOver) {
      if (producer === undefined) {
        producer = await kafka.openFencedProducer(this.#id, TIMEOUT_MS).catch(() => undefined);
        if (producer === undefined) continue;
        this.count = (await readPartition({kafka, topic, partition: 0, atLeast: 0})).length;
      }
      const batch = Array.from({length: BATCH}, (_, i) =>
        textRecord(topic, 0, `${this.count + i}`),
      );
      const outcome = await producer.transact(batch, this.#deadlineMs);
      if (outcome.kind === 'committed') {
        this.count += BATCH;
        this.commits++;
      } else if (outcome.kind !== 'aborted') {
        producer = undefined;
        this.uncertain++;
      }
    }
    await producer?.close();
    // The last transaction may be undecided: opening once more decides it.
    await (await kafka.openFencedProducer(this.#id, TIMEOUT_MS)).close();
  }

  /** Every number once and in order, as another client reads it and as this one does. */
  async expectDense(): Promise<void> {
    const {brokers, direct} = this.#lab;
    const {topic, count} = this;
    const read = await readTopic({brokers, topic, atLeast: count, deadlineMs: DEADLINE_MS});
    const dense = Array.from({length: read.length}, (_, i) => `${i}`);
    expect(read.map((record) => record.value)).toEqual(dense);
    const ours = await readPartition({kafka: direct, topic, partition: 0, atLeast: count});
    expect(ours.map(textOf)).toEqual(dense);
  }
}
