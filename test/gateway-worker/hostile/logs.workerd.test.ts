/** What the gateway logs of hostile requests: JSON, a line each, and nothing a sender chose. */
import {expect, test} from 'vitest';
import {jsonLog} from '../../../src/telemetry/log.ts';
import {INGESTS} from '../support/ingests.ts';
import {WEBHOOK_SECRETS} from '../support/webhook-streams.ts';
import {testApp} from '../support/test-gateway.ts';

const MARK = 'chosen-by-a-sender';
const HOSTILE = [
  `{"${MARK}":"\\u001b[31m\\n{\\"level\\":\\"error\\"}"`,
  `${MARK}\n{"level":"error","message":"forged"}\n`,
  `\u001b]0;${MARK}\u0007\u009b31m`,
  '['.repeat(100_000) + MARK,
];

test('requests of every dialect, taken, refused and failed, leave no line of their own', async () => {
  const lines: string[] = [];
  const log = jsonLog('gateway', {nowMs: () => Date.now()}, (line) => lines.push(line));
  // A shard that repeats in its error what it was given, as an error of the platform may.
  const shard = {
    append: () => Promise.reject(new Error(`boom\n\u001b[31m{"level":"error"}`)),
    status: () => Promise.reject(new Error('away')),
  };
  const app = await testApp({services: {log}});
  const broken = await testApp({
    services: {log},
    extraEnv: {SHARD: {getByName: () => shard}, OVERFLOW: undefined},
  });
  for (const {send} of Object.values(INGESTS)) {
    for (const body of HOSTILE) {
      const headers = {'x-mark': MARK, 'idempotency-key': MARK, traceparent: MARK};
      await (await app.fetch(...(await send(app, {body, headers})))).arrayBuffer();
      await (await app.fetch(...(await send(app, {headers: {authorization: MARK}})))).arrayBuffer();
    }
    await (await broken.fetch(...(await send(broken, {})))).arrayBuffer();
  }
  expect(lines.length).toBeGreaterThan(0);
  const secrets = [
    ...Object.values(app.keys),
    ...Object.values(broken.keys),
    ...Object.values(WEBHOOK_SECRETS),
  ];
  for (const line of lines) {
    expect(line).not.toMatch(/\p{Cc}/u);
    expect(JSON.parse(line)).toMatchObject({program: 'gateway', message: expect.any(String)});
    expect(line).not.toContain(MARK);
    for (const secret of secrets) expect(line).not.toContain(secret);
  }
});

test('the metrics name streams of the definition, and nothing a sender chose', async () => {
  const app = await testApp();
  for (const path of [`/v1/streams/${MARK}`, `/topics/${MARK}`, `/v1/webhooks/${MARK}`, `/${MARK}`])
    await (await app.post(path, {})).arrayBuffer();
  const text = await (await app.fetch('/metrics')).text();
  expect(text).not.toContain(MARK);
});
