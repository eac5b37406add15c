import {expect, test} from 'vitest';
import type {LiveEvent} from '../../../src/protocol/query.ts';
import type {PartitionViews} from '../../../stream-processor/route/partition-views.ts';
import {partitionRoutes} from '../../../stream-processor/route/partition-routes.ts';
import {pipeline, view} from './support/world.ts';

const QUESTION = {partitions: [0], fromMs: null, toMs: null, limit: 10};

test('a live answer that nobody wants any more ends what it is made of, to the last', async () => {
  const ended = Promise.withResolvers<void>();
  async function* follow(): AsyncGenerator<LiveEvent> {
    try {
      for (let n = 1; ; n++) yield {event: 'progress', watermark: n, id: String(n)};
    } finally {
      ended.resolve();
    }
  }
  const views: PartitionViews = {rows: () => ({rows: [], watermark: null}), follow};
  const body = JSON.stringify(QUESTION);
  const path = `/partitions/${view.name}/live`;
  const response = await partitionRoutes(pipeline, views).request(path, {method: 'POST', body});
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
  await ended.promise;
});

test('a question that is none is a problem', async () => {
  const views = {} as PartitionViews;
  const app = partitionRoutes(pipeline, views);
  for (const kind of ['rows', 'live']) {
    for (const body of ['{', '{}', '{"partitions":[-1],"limit":1}']) {
      const path = `/partitions/${view.name}/${kind}`;
      const response = await app.request(path, {method: 'POST', body});
      expect([response.status, response.headers.get('content-type')]).toEqual([
        400,
        'application/problem+json',
      ]);
    }
  }
});
