import {describe, expect, test} from 'vitest';
import {
  bufferLag,
  drainLag,
  drainPositions,
  processorLag,
  resultLag,
} from '../../console/measure-stages.ts';
import type {ProcessorTask, ViewedPartition} from '../../console/viewed-partitions.ts';
import {drain, drainShard, NOW_MS, processor, shard, task} from './samples.ts';

const viewed = (each: ProcessorTask | null): ViewedPartition => ({
  name: 'readings/0',
  stream: 'readings',
  task: each,
});

describe('buffer lag', () => {
  test('is what was accepted and not received, with the age of the oldest record', () => {
    const shards = [
      shard({shard: 'a/0', firstSeq: 11, nextSeq: 31, oldestAgeMs: 4_000}),
      shard({shard: 'a/1', firstSeq: 6, nextSeq: 6, oldestAgeMs: 0}),
    ];
    const positions = drainPositions([
      drain({shards: [drainShard('a/0', 13, 10), drainShard('a/1', 5, 5)]}),
    ]);
    expect(bufferLag(shards, positions)).toEqual({lagRecords: 17, lagSeconds: 4});
  });

  test('is none, of no age, when all is with the drain and only not yet trimmed', () => {
    const shards = [shard({shard: 'a/0', firstSeq: 1, nextSeq: 31, oldestAgeMs: 9_000})];
    const positions = drainPositions([drain({shards: [drainShard('a/0', 30, 12)]})]);
    expect(bufferLag(shards, positions)).toEqual({lagRecords: 0, lagSeconds: 0});
  });

  test('is everything kept while no drain has the shard', () => {
    const shards = [shard({shard: 'a/0', firstSeq: 11, nextSeq: 31, oldestAgeMs: 1_000})];
    expect(bufferLag(shards, new Map())).toEqual({lagRecords: 20, lagSeconds: 1});
    const unknown = drainPositions([drain({shards: [drainShard('a/0', null, null)]})]);
    expect(bufferLag(shards, unknown).lagRecords).toBe(20);
    const restored = drainPositions([drain({shards: [drainShard('a/0', null, 25)]})]);
    expect(bufferLag(shards, restored).lagRecords).toBe(5);
  });

  test('is never below zero when the drain was asked a moment later than the gateway', () => {
    const shards = [shard({shard: 'a/0', firstSeq: 1, nextSeq: 11})];
    const positions = drainPositions([drain({shards: [drainShard('a/0', 15, 15)]})]);
    expect(bufferLag(shards, positions).lagRecords).toBe(0);
  });
});

describe('drain lag', () => {
  test('is what is in flight, with the age of the oldest of it', () => {
    const shards = [
      drainShard('a/0', 30, 12, NOW_MS - 2_500),
      drainShard('a/1', 7, 5, NOW_MS - 500),
      drainShard('a/2', 9, 9),
      drainShard('a/3', null, null),
    ];
    const positions = drainPositions([drain({shards})]);
    expect(drainLag({positions, shards: [], nowMs: NOW_MS})).toEqual({
      lagRecords: 20,
      lagSeconds: 2.5,
    });
  });

  test('counts a shard once while its ownership moves, by the replica that is further on', () => {
    const positions = drainPositions([
      drain({replica: 'old', shards: [drainShard('a/0', 30, 12)]}),
      drain({replica: 'new', shards: [drainShard('a/0', 40, 35)]}),
    ]);
    expect(positions.get('a/0')?.replica).toBe('new');
    expect(drainLag({positions, shards: [], nowMs: NOW_MS}).lagRecords).toBe(5);
  });

  test('counts all that was received of a shard nothing was ever committed of', () => {
    const positions = drainPositions([drain({shards: [drainShard('a/0', 30, null)]})]);
    const shards = [shard({shard: 'a/0', firstSeq: 11, nextSeq: 41})];
    expect(drainLag({positions, shards, nowMs: NOW_MS}).lagRecords).toBe(20);
  });
});

describe('processor and result lag', () => {
  const tasks = [
    task({
      stableEndOffset: 100,
      appliedOffset: 60,
      committedOffset: 50,
      appliedReceivedMs: NOW_MS - 3_000,
      oldestUncommittedMs: NOW_MS - 4_000,
    }),
    task({
      stableEndOffset: 20,
      appliedOffset: 20,
      committedOffset: 20,
      appliedReceivedMs: NOW_MS - 9_000,
    }),
  ];

  test('are measured between the topic’s end, what is applied, and what is committed', () => {
    expect(processorLag(tasks.map(viewed), NOW_MS)).toEqual({lagRecords: 40, lagSeconds: 3});
    expect(resultLag([processor({tasks})], NOW_MS)).toEqual({lagRecords: 10, lagSeconds: 4});
  });

  test('are unknown when one partition’s are: it may be the one that is behind', () => {
    const unknown = {lagRecords: null, lagSeconds: null};
    const lost = task({stableEndOffset: 5_000_000, appliedOffset: null, committedOffset: null});
    expect(processorLag([...tasks, lost].map(viewed), NOW_MS)).toEqual(unknown);
    expect(processorLag([...tasks, null].map(viewed), NOW_MS)).toEqual(unknown);
  });

  test('have no age when one that is behind cannot tell its own', () => {
    const silent = task({stableEndOffset: 5_000_000, appliedOffset: 0, appliedReceivedMs: null});
    expect(processorLag([...tasks, silent].map(viewed), NOW_MS)).toEqual({
      lagRecords: 5_000_040,
      lagSeconds: null,
    });
  });

  test('are none for positions that only moved past a transaction’s end', () => {
    const quiet = task({stableEndOffset: 8, appliedOffset: 8, committedOffset: 7});
    expect(resultLag([processor({tasks: [quiet]})], NOW_MS).lagRecords).toBe(0);
  });

  test('are none for a quiet stream, however long ago its last record was', () => {
    expect(processorLag([viewed(tasks[1]!)], NOW_MS)).toEqual({
      lagRecords: 0,
      lagSeconds: 0,
    });
  });
});
