import {expect, test} from 'vitest';
import * as z from 'zod';
import {
  apiKey,
  count,
  definePipeline,
  defineStream,
  rekey,
  running,
  select,
  tumbling,
} from '../../src/define/index.ts';
import {TopicNames, topicPlans} from '../../src/protocol/topics.ts';

test('topics are named and sized by the definition, and a prefix isolates all of them', async () => {
  const {default: pipeline} = await import('../support/two-streams.ts');
  const names = new TopicNames('staging.', pipeline.name);
  expect(topicPlans(pipeline, names).map(({name, partitions}) => `${name} ${partitions}`)).toEqual([
    'staging._demo.drain 8',
    'staging._demo.audit 1',
    'staging.readings 4',
    'staging.readings.rejected 1',
    'staging.github 4',
    'staging.github.rejected 1',
    'staging.readings.dead-letter 4',
    'staging.readings.rejected.dead-letter 1',
    'staging.github.dead-letter 4',
    'staging.github.rejected.dead-letter 1',
    'staging._demo.audit.dead-letter 1',
    'staging._demo.readings.changelog 4',
    'staging._demo.github.changelog 4',
    'staging._demo.owners 1',
    'staging.demo.station-hour 4',
    'staging.demo.repository-hour 4',
    'staging.demo.station-hour.late 4',
    'staging.demo.repository-hour.late 4',
  ]);
  expect(names.identity('drain', '3')).toBe('staging._demo.drain.3');
});

const sales = defineStream({
  name: 'sales',
  owner: 'test',
  schema: z.object({shop: z.string()}),
  key: () => 'a',
  partitions: 4,
  accept: [apiKey()],
});

test('a rekey has a topic that keeps its records for a week, however large they are together', () => {
  const byShop = rekey(sales, {name: 'by-shop', key: ({shop}) => shop, partitions: 2});
  const aggregates = {events: count()};
  const pipeline = definePipeline({
    name: 'demo',
    streams: [sales],
    views: [
      tumbling(byShop, {name: 'windows', sizeMs: 10, graceMs: 0, emit: 'final', aggregates}),
      select(byShop, {name: 'rows', row: (sale) => sale}),
    ],
  });
  const plans = topicPlans(pipeline, new TopicNames('', 'demo'));
  const topics = plans.filter(({name}) => /partials$|events$/.test(name));
  expect(topics.map(({name, partitions}) => `${name} ${partitions}`)).toEqual([
    '_demo.windows.partials 2',
    '_demo.by-shop.events 2',
  ]);
  for (const {config} of topics) {
    expect(config).toMatchObject({
      'cleanup.policy': 'delete',
      'retention.ms': String(7 * 86_400_000),
      'retention.bytes': '-1',
    });
  }
});

test('every view has a late topic, also one without windows and one that only others read', () => {
  const rows = select(sales, {name: 'rows', row: (sale) => sale});
  const pipeline = definePipeline({
    name: 'demo',
    streams: [sales],
    views: [running(rows, {name: 'ever', aggregates: {events: count()}})],
  });
  const names = topicPlans(pipeline, new TopicNames('', 'demo')).map(({name}) => name);
  expect(names.filter((name) => name.startsWith('demo.'))).toEqual([
    'demo.ever',
    'demo.rows.late',
    'demo.ever.late',
  ]);
});
