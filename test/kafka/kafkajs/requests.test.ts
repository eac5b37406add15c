/** The requests written here, held against another library's; and what is made of their answers. */
import {fetchV11, initProducerIdV4, Reader} from '@platformatic/kafka';
import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {BrokerError} from '../../../src/kafka/kafkajs/broker-error.ts';
import {fetchRequest} from '../../../src/kafka/kafkajs/fetch-request.ts';
import {
  initProducerRequest,
  NO_IDENTITY,
} from '../../../src/kafka/kafkajs/init-producer-request.ts';
import {produceRequest} from '../../../src/kafka/kafkajs/produce-request.ts';

const NO_TAGS = Buffer.from([0]);

test('a producer’s id is asked for as another client asks, with and without an identity', () => {
  // Lengths below and above what one byte of a varint holds.
  const id = fc.string({unit: 'grapheme', minLength: 1, maxLength: 200});
  const int16 = fc.integer({min: 0, max: 32_767});
  fc.assert(
    fc.property(id, fc.bigInt({min: 0n, max: 2n ** 63n - 1n}), int16, (id, producerId, epoch) => {
      for (const identity of [NO_IDENTITY, {producerId, producerEpoch: epoch}]) {
        const theirs = initProducerIdV4.createRequest(
          id,
          60_000,
          identity.producerId,
          identity.producerEpoch,
        );
        const ours = initProducerRequest(id, 60_000, identity);
        expect(ours.body).toEqual(Buffer.concat([NO_TAGS, theirs.buffer]));
      }
    }),
  );
});

function initAnswer(errorCode: number): Buffer {
  const answer = Buffer.alloc(18); // header's tags, throttle time, error, id, epoch, tags
  answer.writeInt16BE(errorCode, 5);
  answer.writeBigInt64BE(4_611_686_018_427_387_904n, 7);
  answer.writeInt16BE(7, 15);
  return answer;
}

test('a producer’s new identity is read from the answer', () => {
  const {decode} = initProducerRequest('id', 1, NO_IDENTITY);
  const identity = {producerId: 4_611_686_018_427_387_904n, producerEpoch: 7};
  expect(decode(initAnswer(0))).toEqual(identity);
  const reader = Reader.from(initAnswer(0).subarray(1));
  expect(initProducerIdV4.parseResponse(0, 22, 4, reader)).toMatchObject(identity);
});

test('an error newer than the library is still known by its name', () => {
  const {decode} = initProducerRequest('id', 1, NO_IDENTITY);
  expect(() => decode(initAnswer(90))).toThrow(BrokerError);
  expect(() => decode(initAnswer(90))).toThrow('PRODUCER_FENCED');
});

function theirPartition(partition: number, fetchOffset: bigint) {
  const [currentLeaderEpoch, lastFetchedEpoch] = [-1, -1];
  return {partition, fetchOffset, currentLeaderEpoch, lastFetchedEpoch, partitionMaxBytes: 300};
}

test('a fetch is asked for as another client asks, with the partitions of a topic together', () => {
  const positions = [
    {topic: 'a', partition: 0, offset: 5n},
    {topic: 'ünï', partition: 3, offset: 2n ** 53n},
    {topic: 'a', partition: 11, offset: 0n},
  ];
  const topics = [
    {topicId: 'a', partitions: [theirPartition(0, 5n), theirPartition(11, 0n)]},
    {topicId: 'ünï', partitions: [theirPartition(3, 2n ** 53n)]},
  ];
  const theirs = fetchV11.createRequest(500, 1, 9_000, 1, 0, -1, topics, [], '');
  const limits = {maxWaitMs: 500, maxBytes: 9_000, maxPartitionBytes: 300};
  expect(fetchRequest(positions, limits).body).toEqual(theirs.buffer);
});

test('batches of one topic are sent together, each partition’s bytes as they are', () => {
  const batches = [
    {topic: 'a', partition: 1, bytes: Buffer.from([1, 2, 3])},
    {topic: 'b', partition: 0, bytes: Buffer.from([4])},
    {topic: 'a', partition: 2, bytes: Buffer.from([])},
  ];
  const expected = [
    [0, 2, 0x69, 0x64], // transactional id
    [255, 255], // all replicas
    [0, 0, 0x27, 0x10], // timeout
    [0, 0, 0, 2], // topics
    [0, 1, 0x61, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 2, 0, 0, 0, 0],
    [0, 1, 0x62, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 4],
  ];
  expect(produceRequest('id', batches).body).toEqual(Buffer.from(expected.flat()));
});

function producedPartition(number: number, errorCode: number): Buffer {
  const bytes = Buffer.alloc(30);
  bytes.writeInt32BE(number, 0);
  bytes.writeInt16BE(errorCode, 4);
  return bytes;
}

test('what became of each partition is read from the answer', () => {
  const answer = Buffer.concat([
    Buffer.from([0, 0, 0, 2, 0, 1, 0x61, 0, 0, 0, 2]),
    producedPartition(1, 0),
    producedPartition(2, 10),
    Buffer.from([0, 1, 0x62, 0, 0, 0, 1]),
    producedPartition(0, -1),
    Buffer.alloc(4),
  ]);
  expect(produceRequest('id', []).decode(answer)).toEqual([
    {topic: 'a', partition: 1, errorCode: 0},
    {topic: 'a', partition: 2, errorCode: 10},
    {topic: 'b', partition: 0, errorCode: -1},
  ]);
});
