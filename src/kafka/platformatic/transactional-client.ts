import {
  kGetApi,
  NumericMap,
  produceV10,
  produceV11,
  produceV9,
  Producer,
  UnsupportedApiError,
  Writer,
  type API,
  type Callback,
} from '@platformatic/kafka';
import {assert} from '../../lib/assert.ts';
import type {KafkaOptions, OutgoingRecord} from '../ports.ts';
import {retryDelayMs} from '../retry-delay.ts';
import {baseOptions, guardClient} from './client-base.ts';
import {encodeRecordBatch} from '../wire/encode-record-batch.ts';
import {sequenceAfter} from '../wire/sequence.ts';
import {isAnswered} from './kafka-errors.ts';

/** With the delays of client-base.ts about 20 s; the caller's deadline usually comes first. */
const MAX_RETRIES = 100;
const PRODUCE_API = 0;

/** What the library hands to its Produce call: of our record it knows the place, and carries it as its value. */
interface Message {
  readonly topic: string;
  readonly partition: number;
  readonly value: OutgoingRecord;
}

interface ProduceIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly sequences: NumericMap;
  readonly transactionalId: string;
}

/** Produce versions with the same layout of the request; the first is Kafka 2.8's, the last Kafka 3.8's. */
const PARSERS = new Map<number, typeof produceV11.parseResponse>([
  [9, produceV9.parseResponse],
  [10, produceV10.parseResponse],
  [11, produceV11.parseResponse],
]);

/**
 * The library's producer with two changes: batches are encoded here (see encode-record-batch.ts), and it
 * notices requests that got no answer and were sent again. The library hides those, yet the first copy may
 * still be under way and hit a later transaction of the same epoch (KAFKA-17754).
 */
export class TransactionalClient extends Producer<Buffer, OutgoingRecord> {
  /** Set when a request was given up without an answer since it was last reset. */
  hasUnanswered = false;

  /** `timeoutMs` becomes the broker's transaction timeout: in the library both are one option. */
  constructor(options: KafkaOptions, transactionalId: string, timeoutMs: number) {
    super({
      ...baseOptions(options),
      transactionalId,
      idempotent: true,
      timeout: timeoutMs,
      retries: MAX_RETRIES,
      retryDelay: (_client, _operation, attempt, _retries, error) => {
        this.hasUnanswered ||= !isAnswered(error);
        return retryDelayMs(attempt);
      },
      // The library asks for producer 0, epoch 0 unless told otherwise, which a broker that knows the
      // transactional id under another producer answers with PRODUCER_FENCED for ever.
      producerId: -1n,
      producerEpoch: -1,
    });
    guardClient(this);
  }

  override [kGetApi]<Arguments extends unknown[], Answer>(
    name: string,
    callback: Callback<API<Arguments, Answer>>,
  ): void {
    if (name !== 'Produce') {
      super[kGetApi](name, callback);
      return;
    }
    super[kGetApi]<Arguments, Answer>(name, (error, api) => {
      const version = Math.min(api?.version ?? 0, 11);
      const parse = PARSERS.get(version);
      if (error !== null) callback(error);
      else if (parse === undefined) {
        callback(
          new UnsupportedApiError(`Produce ${version} is too old; Kafka 2.8 or newer is needed`),
        );
      } else callback(null, produceApi(version, parse) as unknown as API<Arguments, Answer>);
    });
  }
}

type Parse = typeof produceV11.parseResponse;
type ProduceArguments = Parameters<typeof produceV11.api>;

/** Stands in for the library's function of the same shape. */
function produceApi(version: number, parse: Parse): (...args: ProduceArguments) => void {
  return (connection, acks, timeoutMs, messages, identity, callback) => {
    const request = {
      acks: acks ?? -1,
      timeoutMs: timeoutMs ?? 0,
      identity: identity as ProduceIdentity,
    };
    const typed = messages as unknown as readonly Message[];
    const create = (): Writer => createRequest(typed, request);
    connection.send(PRODUCE_API, version, create, parse, true, true, callback ?? (() => {}));
  };
}

interface ProduceRequest {
  readonly acks: number;
  readonly timeoutMs: number;
  readonly identity: ProduceIdentity;
}

function createRequest(messages: readonly Message[], request: ProduceRequest): Writer {
  const {acks, timeoutMs, identity} = request;
  const topics = [...groupRecords(messages)];
  return Writer.create()
    .appendString(identity.transactionalId)
    .appendInt16(acks)
    .appendInt32(timeoutMs)
    .appendArray(topics, (topicWriter, [topic, partitions]) => {
      topicWriter
        .appendString(topic)
        .appendArray([...partitions], (partitionWriter, [partition, records]) => {
          const count = identity.sequences.get(`${topic}:${partition}`);
          assert(count !== undefined, 'every partition of a send has a sequence');
          const {producerId, producerEpoch} = identity;
          // The library counts on past the last sequence number.
          const baseSequence = sequenceAfter(count);
          const batch = encodeRecordBatch(records, {producerId, producerEpoch, baseSequence});
          partitionWriter
            .appendInt32(partition)
            .appendUnsignedVarInt(batch.length + 1)
            .append(batch);
        });
    })
    .appendTaggedFields();
}

function groupRecords(messages: readonly Message[]): Map<string, Map<number, OutgoingRecord[]>> {
  const topics = new Map<string, Map<number, OutgoingRecord[]>>();
  for (const {topic, partition, value} of messages) {
    let partitions = topics.get(topic);
    if (partitions === undefined) topics.set(topic, (partitions = new Map()));
    const records = partitions.get(partition);
    if (records === undefined) partitions.set(partition, [value]);
    else records.push(value);
  }
  return topics;
}
