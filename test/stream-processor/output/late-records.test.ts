import {expect, test} from 'vitest';
import * as z from 'zod';
import {
  apiKey,
  count,
  definePipeline,
  defineStream,
  running,
  select,
} from '../../../src/define/index.ts';
import {topicPlans, TopicNames} from '../../../src/protocol/topics.ts';
import {LateRecords} from '../../../stream-processor/output/late-records.ts';

const readings = defineStream({
  name: 'readings',
  owner: 'tests',
  schema: z.object({n: z.number()}),
  key: () => 'k',
  partitions: 2,
  accept: [apiKey()],
});
const rows = select(readings, {name: 'rows', row: ({n}) => ({n})});
const pipeline = definePipeline({
  name: 'late',
  streams: [readings],
  views: [running(rows, {name: 'all', aggregates: {events: count()}})],
});
const names = new TopicNames('', pipeline.name);

test('what no view takes is kept for each, also for one without windows and one that only others read', () => {
  const late = new LateRecords({pipeline, names, partition: 1});
  const event = {key: 'k', timeMs: 9e15, id: 'readings:7', event: {n: 1}};
  const views = ['all', 'rows'];
  late.add({views, event, reason: 'future', windows: undefined, isRow: false}, undefined, 5);
  const topics = late.records.map(({topic}) => topic);
  expect(topics).toEqual([names.late('all'), names.late('rows')]);
  const planned = topicPlans(pipeline, names).map(({name}) => name);
  expect(planned).toEqual(expect.arrayContaining(topics));
});
