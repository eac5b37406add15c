import {expect, test} from 'vitest';
import type {TransactionOutcome} from '../../../src/kafka/ports.ts';
import {API} from '../../support/kafka-proxy.ts';
import {createTopic, readPartition, textRecord} from '../../support/kafka-records.ts';
import {uniqueName} from '../../support/kafka.ts';
import {waitUntil} from '../../support/wait-until.ts';
import {Counting} from './counting.ts';
import type {Lab} from './lab.ts';

const TIMEOUT_MS = 30_000;
const DEADLINE_MS = 60_000;
/** Shorter than a killed broker takes to be back, so that kills leave unknown outcomes behind. */
const BATCH_DEADLINE_MS = 2_000;
/** Two of them are more than one send may have in a partition. */
const HALF_A_SEND = 600_000;

/** A transaction of two sends; the broker dies after the first. */
async function startTorn({kafka}: Lab, topic: string): Promise<TransactionOutcome> {
  const producer = await kafka.openFencedProducer(uniqueName('torn'), TIMEOUT_MS);
  const records = ['a', 'b'].map((c) => textRecord(topic, 0, c.repeat(HALF_A_SEND)));
  const outcome = await producer.transact(records, DEADLINE_MS);
  await producer.close();
  return outcome;
}

/** The broker dies under both adapters at once: its restart is what takes the time. */
export function brokerDeathCases(labs: () => readonly Lab[], kills: number): void {
  test(`${kills} kills of the broker in a stream of transactions, one between two sends of one, lose nothing and repeat nothing`, async () => {
    const [first, ...rest] = labs();
    const all = [first!, ...rest];
    const {proxy, node, direct} = first!;
    const counting = all.map((lab) => new Counting(lab, BATCH_DEADLINE_MS));
    const torn = all.map(() => uniqueName('torn'));
    for (const topic of [...torn, ...counting.map((each) => each.topic)]) {
      await createTopic(direct, topic);
    }
    const runs = counting.map((each) => each.run());
    const moreCommits = async (more: number): Promise<void> => {
      await Promise.all(counting.map((each) => each.moreCommits(more)));
    };
    const before = proxy.applied.length;
    proxy.inject(API.produce, 'hang', all.length);
    const outcomes = all.map((lab, index) => startTorn(lab, torn[index]!));
    await waitUntil('a send of each', DEADLINE_MS, () => {
      return proxy.applied.length === before + all.length;
    });
    for (let kill = 0; kill < kills; kill++) {
      await moreCommits(10);
      await node.kill('SIGKILL');
      await node.restart();
    }
    await moreCommits(10);
    for (const each of counting) each.isOver = true;
    await Promise.all(runs);
    for (const [index, each] of counting.entries()) {
      expect(each.uncertain).toBeGreaterThan(0);
      await each.expectDense();
      const outcome = await outcomes[index]!;
      const kafka = all[index]!.direct;
      const atLeast = outcome.kind === 'committed' ? 2 : 0;
      const read = await readPartition({kafka, topic: torn[index]!, partition: 0, atLeast});
      expect([0, 2]).toContain(read.length);
      if (outcome.kind === 'aborted') expect(read).toHaveLength(0);
    }
  });
}
