import {Hono} from 'hono';
import {expect, test} from 'vitest';
import {sendEvents} from '../../../stream-processor/query/send-events.ts';

test('a reader that goes while it is written to ends what it read, to the last', async () => {
  const ended = Promise.withResolvers<void>();
  async function* events() {
    try {
      for (let n = 1; ; n++) yield {event: 'progress', id: String(n), data: {}};
    } finally {
      ended.resolve();
    }
  }
  let isStopped = false;
  const app = new Hono().get('/', (c) => sendEvents(c, events(), () => (isStopped = true)));
  const response = await app.request('/');
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
  await ended.promise;
  expect(isStopped).toBe(true);
});
