import {Kafka, logLevel} from 'kafkajs';
import {waitUntil} from '../../support/wait-until.ts';

const DEADLINE_MS = 30_000;

export interface MoveLeadersOptions {
  /** `host:port,host:port`, past any proxy. */
  readonly brokers: string;
  readonly topic: string;
}

/**
 * Takes every partition of a topic from its leader by leaving that one out of the partition's replicas, so that another
 * leads; `back` gives it its replica again. No broker ends. Resolves when every leader has changed.
 */
export async function moveLeaders({
  brokers,
  topic,
}: MoveLeadersOptions): Promise<{back(): Promise<void>}> {
  const admin = new Kafka({
    brokers: brokers.split(','),
    clientId: 'move-leaders',
    logLevel: logLevel.NOTHING,
  }).admin();
  const partitionsNow = async () => {
    const {topics} = await admin.fetchTopicMetadata({topics: [topic]});
    return topics.flatMap(({partitions}) => partitions);
  };
  const assign = async (replicas: readonly (readonly [number, readonly number[]])[]) => {
    const partitionAssignment = replicas.map(([partition, ids]) => ({
      partition,
      replicas: [...ids],
    }));
    await admin.alterPartitionReassignments({topics: [{topic, partitionAssignment}]});
  };
  const session = async (steps: () => Promise<void>): Promise<void> => {
    try {
      await admin.connect();
      await steps();
    } finally {
      await admin.disconnect();
    }
  };
  let before: Awaited<ReturnType<typeof partitionsNow>> = [];
  await session(async () => {
    before = (await partitionsNow()).filter(({replicas}) => replicas.length > 1);
    const led = new Map(before.map(({partitionId, leader}) => [partitionId, leader]));
    await assign(
      before.map(({partitionId, replicas, leader}) => [
        partitionId,
        replicas.filter((id) => id !== leader),
      ]),
    );
    await waitUntil(`the leaders of ${topic} to move`, DEADLINE_MS, async () =>
      (await partitionsNow()).every(
        ({partitionId, leader}) => leader !== led.get(partitionId) && leader >= 0,
      ),
    );
  });
  return {
    back: () =>
      session(() => assign(before.map(({partitionId, replicas}) => [partitionId, replicas]))),
  };
}
