/** Answers that never come and a broker that dies: unknown outcomes cost time, and no result. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {
  startBroker,
  type RunningBroker,
  type StartBrokerOptions,
} from '../../dev/kafka/start-broker.ts';
import {connectKafka} from '../../src/kafka/connect-kafka.ts';
import {utf8} from '../../src/lib/bytes.ts';
import {partitionOf} from '../../src/record/shard.ts';
import {freePort} from '../../dev/free-port.ts';
import {API, KafkaProxy} from '../support/kafka-proxy.ts';
import {uniqueName} from '../support/kafka.ts';
import {seededRandom} from '../support/seeded-random.ts';
import {waitUntil} from '../support/wait-until.ts';
import {finalResults} from './support/final-results.ts';
import {readings} from './support/pipeline.ts';
import {ProcessorProcess, temporaryFolder} from './support/processor-process.ts';
import {ReadingProducer} from './support/produce-readings.ts';
import {randomReadings} from './support/random-readings.ts';
import {recompute} from './support/recompute.ts';

const DEADLINE_MS = 60_000;
const STARTS_OVER = 'a task starts over from what is committed';

let dataDir: string;
let brokerOptions: StartBrokerOptions;
let broker: RunningBroker;
let proxy: KafkaProxy;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'forebay-processor-faults-'));
  const [port, targetPort, proxyPort] = [await freePort(), await freePort(), await freePort()];
  brokerOptions = {dataDir, port, extraListener: {port: targetPort, advertisedPort: proxyPort}};
  broker = await startBroker(brokerOptions);
  proxy = await KafkaProxy.start({port: proxyPort, targetPort});
});

afterAll(async () => {
  await proxy.close();
  await broker.stop();
  await rm(dataDir, {recursive: true, force: true});
});

test('lost answers and a killed broker leave no result wrong, missing or twice', async () => {
  const folder = temporaryFolder();
  const prefix = `${uniqueName('faults')}.`;
  const direct = connectKafka({brokers: [broker.brokers], clientId: 'direct'});
  const environment = {brokers: proxy.brokers, prefix, stateDir: folder.path};
  const processor = await ProcessorProcess.start(environment);
  try {
    await processor.ready();
    const all = randomReadings({count: 8_000, stations: 20, random: seededRandom('faults')});
    const send = async (part: readonly (typeof all)[number][], name: string) => {
      // A producer's topic-wide seqs end with it, so the second half has an incarnation of its own.
      const producer = await ReadingProducer.open(direct, `${prefix}readings`, name);
      await producer.send(part, 200);
      await producer.close();
    };
    proxy.inject(API.endTxn, 'dropAnswer', 3);
    proxy.inject(API.endTxn, 'dropRequest', 3);
    proxy.inject(API.produce, 'dropAnswer', 3);
    proxy.inject(API.endTxn, 'hang', 1);
    await send(all.slice(0, 4_000), 'one');
    await waitUntil('a task to start over', DEADLINE_MS, () => processor.has(STARTS_OVER));
    const ended = new Promise((resolve) => void broker.child.once('exit', resolve));
    process.kill(broker.pid, 'SIGKILL');
    await ended;
    broker = await startBroker(brokerOptions);
    await send(all.slice(4_000), 'two');
    const expected = recompute(all, (station) => partitionOf(utf8(station), readings.partitions));
    const results = await finalResults({
      brokers: broker.brokers,
      topic: `${prefix}engine.minute`,
      atLeast: expected.closed.length,
    });
    expect(results).toEqual(expected.closed);
    expect(proxy.applied.toSorted()).toEqual([
      ...Array.from({length: 6}, () => 'dropAnswer'),
      ...Array.from({length: 3}, () => 'dropRequest'),
      'hang',
    ]);
    expect(await processor.metric('processor_duplicate_records_total')).toBe(0);
    expect(await processor.stop()).toBe(0);
  } finally {
    await processor.kill();
    folder.remove();
  }
});
