/**
 * Promise 4: Kafka may be down; the edge keeps answering 2xx, and all of it is in Kafka afterwards, once and in order.
 */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {startBroker, type RunningBroker} from '../../dev/kafka/start-broker.ts';
import {freePort} from '../../dev/free-port.ts';
import {judgeTopic} from '../support/judge-delivery.ts';
import {startPromiseRun, type PromiseRun} from '../support/promise-run.ts';
import {readTopic} from '../support/read-topic.ts';
import {sendReadings} from '../support/readings-load.ts';
import {seededRandom} from '../support/seeded-random.ts';

const AWAY_MS = 60_000;
const READINGS = 12_000;

let dataDir: string;
let port: number;
let broker: RunningBroker;
let run: PromiseRun;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'forebay-kafka-away-'));
  port = await freePort();
  broker = await startBroker({dataDir, port});
  run = await startPromiseRun(broker.brokers);
});

afterAll(async () => {
  await run?.stop();
  await broker?.stop();
  await rm(dataDir, {recursive: true, force: true});
});

test(
  'Kafka is away for 60 s under load: no sender sees anything but 2xx, and everything arrives',
  {timeout: 300_000},
  async () => {
    const random = seededRandom('kafka away');
    const refused: number[] = [];
    let ackedCount = 0;
    let ackedWhileAway = 0;
    let away: Promise<void> | undefined;

    const acked = await sendReadings({
      url: run.stack.urls.gateway,
      key: run.stack.key,
      random,
      readings: READINGS,
      senders: 6,
      pauseMs: 1_500,
      maxBatch: 60,
      onRefused: (status) => refused.push(status),
      onAcked: (count) => {
        ackedCount = count;
        if (count <= 500 || away !== undefined) return;
        away = stopForAWhile().then(() => {
          ackedWhileAway = ackedCount - count;
        });
      },
    });
    await away;

    expect(refused).toEqual([]);
    expect(ackedWhileAway, 'readings acknowledged during the outage').toBeGreaterThan(1_000);
    const records = await readTopic({
      brokers: broker.brokers,
      topic: run.topic,
      atLeast: acked.length,
      deadlineMs: 90_000,
    });
    judgeTopic(records, acked);
  },
);

/** Holds the outage, not the test: the load goes on meanwhile. */
async function stopForAWhile(): Promise<void> {
  await broker.stop();
  const backMs = Date.now() + AWAY_MS;
  await new Promise((resolve) => setTimeout(resolve, backMs - Date.now()));
  broker = await startBroker({dataDir, port});
}
