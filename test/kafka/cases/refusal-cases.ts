import {expect, test} from 'vitest';
import type {Kafka, OutgoingRecord} from '../../../src/kafka/ports.ts';
import {
  createTopic,
  readPartition,
  textOf,
  textRecord,
  transact,
} from '../../support/kafka-records.ts';
import {uniqueName} from '../../support/kafka.ts';
import type {Lab} from './lab.ts';

const COMMITTED = {kind: 'committed'};
const REFUSED = {kind: 'aborted', isRefused: true, error: {code: 'KAFKA_SEND_FAILED'}};
const TIMEOUT_MS = 30_000;
const HOUR_MS = 3_600_000;

interface Place {
  readonly topic: string;
  readonly partition: number;
}

/** Expects one partition to hold exactly these values. */
async function expectTexts(kafka: Kafka, place: Place, values: readonly string[]): Promise<void> {
  const records = await readPartition({kafka, ...place, atLeast: values.length});
  expect(records.map(textOf)).toEqual(values);
}

/** Per row: what the broker minds, how the topic is set up, and the record. */
const UNWANTED: readonly {
  readonly what: string;
  readonly config: Readonly<Record<string, string>>;
  readonly record: (topic: string) => OutgoingRecord;
}[] = [
  {
    what: 'MESSAGE_TOO_LARGE: larger than the topic takes',
    config: {'max.message.bytes': '10000'},
    record: (topic) => textRecord(topic, 0, 'z'.repeat(20_000)),
  },
  {
    what: 'RECORD_LIST_TOO_LARGE: larger than a segment of the log',
    config: {'segment.bytes': '1048576', 'max.message.bytes': '3000000'},
    record: (topic) => textRecord(topic, 0, 'z'.repeat(2_000_000)),
  },
  {
    what: 'INVALID_RECORD: without a key where the topic keeps the last of each key',
    config: {'cleanup.policy': 'compact'},
    record: (topic) => textRecord(topic, 0, 'keyless'),
  },
  {
    what: 'INVALID_TIMESTAMP: from a time the topic does not take',
    config: {'message.timestamp.before.max.ms': String(HOUR_MS)},
    record: (topic) => ({...textRecord(topic, 0, 'old'), timestampMs: Date.now() - 2 * HOUR_MS}),
  },
];

/** Records the broker will not have: the transaction is aborted, said to be refused, and leaves nothing behind. */
export function refusalCases(lab: () => Lab): void {
  test.each(UNWANTED)('$what: refused, and the other partition has nothing', async (unwanted) => {
    const {direct: kafka} = lab();
    const topic = uniqueName('unwanted');
    const admin = await kafka.openAdmin();
    await admin.createTopics([{name: topic, partitions: 3, config: unwanted.config}]);
    await admin.close();
    const producer = await kafka.openFencedProducer(uniqueName('unwanted'), TIMEOUT_MS);
    const keyed = (partition: number, value: string): OutgoingRecord => ({
      ...textRecord(topic, partition, value),
      key: new TextEncoder().encode('key'),
    });
    const records = [keyed(1, 'with'), unwanted.record(topic), keyed(2, 'with')];
    expect(await transact(producer, records)).toMatchObject(REFUSED);
    expect(await transact(producer, [keyed(1, 'after'), keyed(0, 'after')])).toEqual(COMMITTED);
    await producer.close();
    await expectTexts(kafka, {topic, partition: 0}, ['after']);
    await expectTexts(kafka, {topic, partition: 1}, ['after']);
    await expectTexts(kafka, {topic, partition: 2}, []);
  });

  test('a transaction the broker refuses is aborted, leaves nothing behind, and the producer goes on', async () => {
    const {direct: kafka} = lab();
    const topic = uniqueName('refused');
    await createTopic(kafka, topic, 2);
    const producer = await kafka.openFencedProducer(uniqueName('refused'), TIMEOUT_MS);
    expect(await transact(producer, [textRecord(topic, 0, 'before')])).toEqual(COMMITTED);
    const tooLarge = textRecord(topic, 0, 'z'.repeat(3_000_000));
    const outcome = await transact(producer, [textRecord(topic, 1, 'with'), tooLarge]);
    expect(outcome).toMatchObject(REFUSED);
    expect(await transact(producer, [textRecord(topic, 0, 'after')])).toEqual(COMMITTED);
    expect(await transact(producer, [textRecord(topic, 1, 'after')])).toEqual(COMMITTED);
    await producer.close();
    await expectTexts(kafka, {topic, partition: 0}, ['before', 'after']);
    await expectTexts(kafka, {topic, partition: 1}, ['after']);
  });

  test('a record for a partition that does not exist is refused and not put elsewhere', async () => {
    const {direct: kafka} = lab();
    const topic = uniqueName('misplaced');
    await createTopic(kafka, topic, 2);
    const producer = await kafka.openFencedProducer(uniqueName('misplaced'), TIMEOUT_MS);
    const outcome = await transact(producer, [textRecord(topic, 2, 'lost')]);
    expect(outcome).toMatchObject({
      kind: 'aborted',
      isRefused: false,
      error: {code: 'KAFKA_PARTITION_MISSING'},
    });
    expect(await transact(producer, [textRecord(topic, 1, 'fine')])).toEqual(COMMITTED);
    await producer.close();
    await expectTexts(kafka, {topic, partition: 0}, []);
    await expectTexts(kafka, {topic, partition: 1}, ['fine']);
  });
}
