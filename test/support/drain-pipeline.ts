import * as z from 'zod';
import {apiKey, definePipeline, defineStream} from '../../src/define/index.ts';

/** Two streams, so that shards share tasks, and one without a key. */
export const orders = defineStream({
  name: 'orders',
  owner: 'tests',
  schema: z.object({customer: z.string().max(64), n: z.int(), note: z.string().optional()}),
  key: (order) => order.customer,
  partitions: 4,
  accept: [apiKey()],
});

export const clicks = defineStream({
  name: 'clicks',
  owner: 'tests',
  schema: z.object({n: z.int()}),
  partitions: 2,
  accept: [apiKey()],
});

export default definePipeline({name: 'drain-test', streams: [orders, clicks], views: []});
