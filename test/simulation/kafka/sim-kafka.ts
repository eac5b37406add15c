/** The Kafka port of one simulated process. */
import type {CommittedReader, Kafka, PartitionBatch, TopicAdmin} from '../../../src/kafka/ports.ts';
import {ForebayError} from '../../../src/lib/errors.ts';
import type {SimProcess, SimTimer} from '../engine/scheduler.ts';
import type {SimLog} from './sim-log.ts';
import {openSimProducer} from './sim-producer.ts';
import type {SimWire} from './sim-wire.ts';

const ASK_TIMEOUT_MS = 2_000;
/** Of one partition in one answer: small, so that restores take several. */
const MAX_RECORDS = 40;

interface Position {
  readonly log: SimLog;
  offset: bigint;
}

export function simKafka(wire: SimWire, client: SimProcess): Kafka {
  return {
    openFencedProducer: (transactionalId, timeoutMs) =>
      openSimProducer({wire, client, transactionalId, timeoutMs}),
    openReader: async () => simReader(wire, client),
    openAdmin: async () => simAdmin(wire, client),
    joinGroup: () => Promise.reject(new Error('the simulation says itself who owns what')),
  };
}

function simReader(wire: SimWire, client: SimProcess): CommittedReader {
  const positions = new Map<string, Position>();
  return {
    assign: (topic, partition, offset) =>
      void positions.set(`${topic}/${partition}`, {log: wire.broker.log(topic, partition), offset}),
    unassign: (topic, partition) => void positions.delete(`${topic}/${partition}`),
    poll: async (maxWaitMs) => {
      const asked = [...positions.values()].map(({log, offset}) => ({log, offset}));
      const answer = await wire.ask<readonly PartitionBatch[]>(client, {
        api: 'fetch',
        timeoutMs: maxWaitMs + ASK_TIMEOUT_MS,
        handle: (reply) => answerFetch(wire, {asked, maxWaitMs, reply}),
      });
      if (answer === null)
        throw new ForebayError({code: 'KAFKA_READ_FAILED', message: 'nothing answered a fetch'});
      for (const {topic, partition, nextOffset} of answer.value) {
        const position = positions.get(`${topic}/${partition}`);
        if (position !== undefined) position.offset = nextOffset;
      }
      return answer.value;
    },
    close: async () => {},
  };
}

interface Fetch {
  readonly asked: readonly Position[];
  readonly maxWaitMs: number;
  readonly reply: (batches: readonly PartitionBatch[]) => void;
}

/** At once when there is something, else when there is, else empty after the wait. */
function answerFetch(wire: SimWire, {asked, maxWaitMs, reply}: Fetch): void {
  const news = () =>
    asked.flatMap(({log, offset}): PartitionBatch[] => {
      const read = log.read(offset, MAX_RECORDS);
      if (read.nextOffset === offset) return [];
      return [{topic: log.topic, partition: log.partition, ...read}];
    });
  const now = news();
  if (now.length > 0) return reply(now);
  const answer = (): void => {
    const batches = news();
    if (batches.length > 0) finish(batches);
  };
  const timer: SimTimer = wire.world.scheduler.after(maxWaitMs, null, () => finish(news()));
  const finish = (batches: readonly PartitionBatch[]): void => {
    timer.isCancelled = true;
    for (const {log} of asked) log.onStable.delete(answer);
    reply(batches);
  };
  for (const {log} of asked) log.onStable.add(answer);
}

export function simAdmin(wire: SimWire, client: SimProcess): TopicAdmin {
  const offset = async (read: () => bigint): Promise<bigint> => {
    const answer = await wire.ask<bigint>(client, {
      api: 'offsets',
      timeoutMs: ASK_TIMEOUT_MS,
      handle: (reply) => reply(read()),
    });
    if (answer === null)
      throw new ForebayError({code: 'KAFKA_UNAVAILABLE', message: 'no offsets were answered'});
    return answer.value;
  };
  return {
    createTopics: async () => {},
    deleteTopics: async () => {},
    describeTopics: async () => [],
    earliestOffset: () => offset(() => 0n),
    stableEndOffset: (topic, partition) =>
      offset(() => wire.broker.log(topic, partition).stableEnd),
    stableEndOffsets: async () => [],
    close: async () => {},
  };
}
