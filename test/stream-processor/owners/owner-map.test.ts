import {setTimeout as sleep} from 'node:timers/promises';
import {expect, test} from 'vitest';
import type {Kafka} from '../../../src/kafka/ports.ts';
import {TopicNames} from '../../../src/protocol/topics.ts';
import {OwnerMap} from '../../../stream-processor/owners/owner-map.ts';
import {ownerRecord, readOwner, type Owner} from '../../../stream-processor/owners/owner-record.ts';
import {queryUrl} from '../../../stream-processor/owners/query-url.ts';
import {waitUntil} from '../../support/wait-until.ts';
import {MemoryKafka} from '../support/memory-kafka.ts';

const DEADLINE_MS = 5_000;
const names = new TopicNames('', 'test');
const quiet = {info: () => {}, warn: () => {}, error: () => {}};

const owner = (task: string, replica: string, sinceMs: number): Owner => ({
  task,
  replica,
  url: `http://${replica}:8789`,
  sinceMs,
});

test('an announcement is read as it was written, and what is none is nobody', () => {
  const said = owner('readings.0', 'a', 1);
  expect(readOwner(ownerRecord(said, names))).toEqual(said);
  expect(readOwner({value: null})).toBeUndefined();
  expect(readOwner({value: Buffer.from('{"task":1}')})).toBeUndefined();
});

test('the last owner of each task is known, also after the topic could not be read', async () => {
  const kafka = new MemoryKafka();
  let failures = 2;
  const port: Kafka = {
    ...kafka.port(),
    openReader: async () => {
      if (failures-- > 0) throw new Error('away');
      const reader = await kafka.port().openReader();
      return {
        ...reader,
        poll: async (waitMs) => {
          const batches = await reader.poll(waitMs);
          if (batches.length === 0) await sleep(5);
          return batches;
        },
      };
    },
  };
  const owners = new OwnerMap({kafka: port, names, log: quiet, random: () => 0});
  kafka.commit([
    ownerRecord(owner('readings.0', 'a', 1), names),
    ownerRecord(owner('readings.1', 'a', 1), names),
  ]);
  const stop = new AbortController();
  const running = owners.run(kafka.admin(), stop.signal);
  await waitUntil('both tasks', DEADLINE_MS, () => owners.of('readings.1')?.replica === 'a');
  kafka.commit([ownerRecord(owner('readings.1', 'b', 2), names)]);
  await waitUntil('the takeover', DEADLINE_MS, () => owners.of('readings.1')?.replica === 'b');
  expect(owners.of('readings.0')?.replica).toBe('a');
  expect(owners.of('readings.2')).toBeUndefined();
  expect([...owners.replicas()].sort()).toEqual(['a', 'b']);
  stop.abort();
  await running;
});

test('others reach a replica where it says, else where it listens, else under its host name', () => {
  const place = {configured: '', host: '127.0.0.1', port: 8789, hostname: 'node-1'};
  expect(queryUrl(place)).toBe('http://127.0.0.1:8789');
  expect(queryUrl({...place, host: '0.0.0.0'})).toBe('http://node-1:8789');
  expect(queryUrl({...place, host: '::1'})).toBe('http://[::1]:8789');
  expect(queryUrl({...place, configured: 'https://a.example'})).toBe('https://a.example');
});
