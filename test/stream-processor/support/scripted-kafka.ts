import {setTimeout as delay} from 'node:timers/promises';
import type {Kafka, TransactionOutcome} from '../../../src/kafka/ports.ts';
import {isRestoreMark} from '../../../src/kafka/restore-mark.ts';
import type {MemoryKafka} from './memory-kafka.ts';

const IDLE_MS = 5;

/** A Kafka in memory whose transactions end as the test says; only those that are committed are in its logs. */
export function scriptedKafka(memory: MemoryKafka, outcome: () => TransactionOutcome): Kafka {
  const port = memory.port();
  return {
    ...port,
    openFencedProducer: async () => ({
      transact: async (records) => {
        // A new owner's first transaction is not what tests script.
        const isMark = records.some((record) => isRestoreMark(record));
        const end: TransactionOutcome = isMark ? {kind: 'committed'} : outcome();
        if (end.kind === 'committed') memory.commit(records);
        return end;
      },
      close: async () => {},
    }),
    openReader: async () => {
      const reader = await port.openReader();
      return {
        ...reader,
        poll: async (maxWaitMs) => {
          const batches = await reader.poll(maxWaitMs);
          if (batches.length === 0) await delay(Math.min(IDLE_MS, maxWaitMs));
          return batches;
        },
      };
    },
  };
}
