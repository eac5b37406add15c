/** The document when something is broken: it must say so, and what, whatever the lag looks like. */
import {describe, expect, test} from 'vitest';
import type {Layers} from '../../console/collect-layers.ts';
import {StageRates} from '../../console/stage-rates.ts';
import {statusDocument} from '../../console/status-document.ts';
import pipeline from '../support/two-streams.ts';
import {shardsOf} from '../../src/record/shard.ts';
import {drainShard, NOW_MS, processor, shard, task, wholeDrain, wholeTasks} from './samples.ts';

const READINGS_2 = {stream: 'readings', partition: 2};

/** Everything is well but for what is given. */
function documentOf(layers: Partial<Layers> = {}) {
  const shards = shardsOf(pipeline).map(({name}) => shard({shard: name}));
  return statusDocument({
    layers: {
      gateway: {version: '1.0.0', pipeline: pipeline.fingerprint, shards},
      drains: [wholeDrain()],
      processors: [processor({tasks: wholeTasks()})],
      unreachable: [],
      ...layers,
    },
    nowMs: NOW_MS,
    pipeline,
    version: '1.0.0',
    rates: new StageRates(),
  });
}

const gatewayWith = (nextSeq: number) => ({shards: [shard({shard: 'readings/1', nextSeq})]});

function withTask(fields: Parameters<typeof task>[0]) {
  const tasks = wholeTasks([task({...READINGS_2, ...fields})]);
  return documentOf({processors: [processor({tasks})]});
}

test('nothing is wrong when everything is well', () => {
  expect(documentOf()).toMatchObject({verdict: 'all caught up', problems: []});
});

describe('a processor', () => {
  test('with a task that waits is told with its reason and all that waits for it', () => {
    const document = withTask({
      state: 'waiting',
      stableEndOffset: 5_000_000,
      appliedOffset: 0,
      committedOffset: 0,
      appliedReceivedMs: NOW_MS - 60_000,
      lastError: 'the disk is full',
    });
    expect(document.verdict).toBe('processor: readings/2 is waiting: the disk is full');
    expect(document.stages.processor).toMatchObject({lagRecords: 5_000_000, lagSeconds: 60});
  });

  test('with a task that never had a position has a lag nobody knows', () => {
    const document = withTask({
      state: 'restoring',
      stableEndOffset: 5_000_000,
      appliedOffset: null,
      committedOffset: null,
    });
    expect(document.verdict).toBe('processor: readings/2 is restoring');
    expect(document.stages.processor).toMatchObject({lagRecords: null, lagSeconds: null});
    expect(document.streams[0]).toMatchObject({name: 'readings', unappliedRecords: null});
    expect(document.streams[1]).toMatchObject({name: 'github', unappliedRecords: 0});
  });

  test('without tasks leaves every viewed partition to nobody', () => {
    const document = documentOf({processors: [processor({tasks: []})]});
    expect(document.verdict).toBe('processor: nobody owns readings/0 (and 7 more)');
    expect(document.problems).toContain('processor: nobody owns github/3');
    expect(document.stages.processor).toMatchObject({lagRecords: null, lagSeconds: null});
  });

  test('that has applied nothing since its restart is behind, for nobody knows how long', () => {
    const document = withTask({stableEndOffset: 5_000_000, appliedOffset: 0});
    expect(document.verdict).toBe('processing: 5,000,000 behind, speed not known yet');
    expect(document.stages.processor).toMatchObject({lagRecords: 5_000_000, lagSeconds: null});
  });

  test('whose Kafka is away is told, though its last positions look well', () => {
    const tasks = wholeTasks();
    const document = documentOf({processors: [processor({tasks, lastError: 'Kafka is away'})]});
    expect(document.verdict).toBe('processor: processor-1: Kafka is away');
    expect(withTask({lastError: 'no leader'}).verdict).toBe(
      'processor: readings/2 tries again: no leader',
    );
  });

  test('is well when one of two replicas that claim a partition runs it', () => {
    const before = task({...READINGS_2, state: 'waiting', stableEndOffset: 90, appliedOffset: 10});
    const processors = [
      processor({replica: 'old', tasks: [before]}),
      processor({replica: 'new', tasks: wholeTasks()}),
    ];
    expect(documentOf({processors}).verdict).toBe('all caught up');
  });
});

describe('a drain', () => {
  test('that has no tasks leaves every shard to nobody, also those of rejected events', () => {
    const document = documentOf({drains: [{...wholeDrain(), tasks: []}]});
    expect(document.verdict).toBe('drain: nobody drains readings/0 (and 10 more)');
    expect(document.problems).toContain('drain: nobody drains github.rejected/0');
  });

  test('without one of the shards is told by that shard', () => {
    const [only] = wholeDrain().tasks;
    const shards = only!.shards.filter(({shard}) => shard !== 'readings/1');
    const document = documentOf({drains: [{...wholeDrain(), tasks: [{...only!, shards}]}]});
    expect(document.verdict).toBe('drain: nobody drains readings/1');
  });

  test('with a task that waits is told with its reason', () => {
    const shards = [drainShard('readings/1', null, 7)];
    const [first] = wholeDrain().tasks;
    const rest = first!.shards.filter(({shard}) => shard !== 'readings/1');
    const drains = [
      {
        ...wholeDrain(),
        tasks: [
          {...first!, shards: rest},
          {task: 1, state: 'waiting' as const, shards},
        ],
        lastError: 'Kafka refused it',
      },
    ];
    expect(documentOf({drains}).verdict).toBe('drain: readings/1 is waiting: Kafka refused it');
  });

  test('that cannot reach a shard is told only when something waits there', () => {
    const cutOff = {...drainShard('readings/1', 7, 7), connected: false};
    const drains = [wholeDrain([cutOff])];
    expect(documentOf({drains, gateway: gatewayWith(8)}).verdict).toBe('all caught up');
    expect(documentOf({drains, gateway: gatewayWith(9)}).verdict).toBe(
      'drain: readings/1 is not connected',
    );
  });
});

test('a layer that runs another pipeline is told, and a gateway too old to tell is not listed', () => {
  const gateway = {version: '0.9.0', pipeline: 'another', shards: []};
  const document = documentOf({gateway});
  expect(document.verdict).toBe(
    `gateway runs pipeline another, the console runs ${pipeline.fingerprint}`,
  );
  expect(document.versions[0]).toEqual({
    part: 'gateway',
    replica: 'gateway',
    version: '0.9.0',
    pipeline: 'another',
  });
  const drains = [{...wholeDrain(), pipeline: 'older'}];
  expect(documentOf({gateway: {shards: []}, drains})).toMatchObject({
    verdict: `drain drain-1 runs pipeline older, the console runs ${pipeline.fingerprint}`,
    versions: [{part: 'drain'}, {part: 'processor'}, {part: 'console'}],
  });
});
