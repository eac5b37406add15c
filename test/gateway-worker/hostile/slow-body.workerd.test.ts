/** A body that never ends, over every dialect: refused at the deadline, and nothing of it stored. */
import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {REQUEST_DEADLINE_MS} from '../../../gateway-worker/limits.ts';
import {INGESTS} from '../support/ingests.ts';
import {testApp} from '../support/test-gateway.ts';

beforeEach(() => {
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']});
});
afterEach(() => {
  vi.useRealTimers();
});

test.each(Object.entries(INGESTS))('%s', async (name, {send}) => {
  const app = await testApp();
  const [path, init] = await send(app, {});
  const {promise: asked, resolve: isAsked} = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      isAsked();
      controller.enqueue(new TextEncoder().encode(' '));
      return new Promise(() => undefined);
    },
  });
  const answer = app.fetch(path, {...init, body});
  await asked;
  await vi.advanceTimersByTimeAsync(REQUEST_DEADLINE_MS);
  const response = await answer;
  // Exporters drop their records at a 408.
  expect(response.status).toBe(name.startsWith('OTLP') ? 503 : 408);
  await response.text();
});
