/** The file that a user puts in the place of src/pipeline.ts; its imports are those of that place. */
export const MOUNTED_PIPELINE = `
import * as z from 'zod';
import {apiKey, count, definePipeline, defineStream, minutes, tumbling} from './define/index.ts';

const orders = defineStream({
  name: 'orders',
  owner: 'tests',
  schema: z.object({n: z.int(), shard: z.string()}),
  key: (order) => order.shard,
  partitions: 1,
  accept: [apiKey()],
});

export default definePipeline({
  name: 'mounted',
  streams: [orders],
  views: [
    tumbling(orders, {
      name: 'orders-per-key',
      sizeMs: minutes(60),
      graceMs: minutes(1),
      emit: 'updates',
      aggregates: {orders: count()},
    }),
  ],
});
`;
