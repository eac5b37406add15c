import {expect, test} from 'vitest';
import {restoreProgress} from '../../drain-service/restore-progress.ts';
import type {Kafka, TopicAdmin} from '../../src/kafka/ports.ts';

test('a restore nobody waits for any more asks Kafka nothing more', async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<bigint>();
  const admin: Pick<TopicAdmin, 'earliestOffset' | 'close'> = {
    earliestOffset: () => {
      asked.resolve();
      return answer.promise;
    },
    close: async () => answer.reject(new Error('the admin is closed')),
  };
  const kafka = {openAdmin: async () => admin} as unknown as Kafka;
  const end = new AbortController();
  const reading = restoreProgress({
    kafka,
    topic: 'drain',
    partition: 3,
    mark: 'm',
    signal: end.signal,
  });
  await asked.promise;
  end.abort();
  await expect(reading).rejects.toThrow('the admin is closed');
});
