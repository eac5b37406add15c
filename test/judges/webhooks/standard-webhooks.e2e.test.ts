/** The library `standardwebhooks` signs and verifies, and the gateway agrees with it. */
import {Webhook} from 'standardwebhooks';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {JSON_TYPE, secrets, startWebhookRun} from '../support/webhook-run.ts';
import type {WebhookRun} from '../support/webhook-run.ts';

let run: WebhookRun;
beforeAll(async () => {
  run = await startWebhookRun();
});
afterAll(() => run.end());

test('what the library signs and verifies is kept, and what it does not verify is refused', async () => {
  const library = new Webhook(secrets.STANDARD);
  const body = JSON.stringify({type: 'user.created', account: 'ada', data: {id: 1}});
  const now = new Date();
  const headers: Readonly<Record<string, string>> = {
    ...JSON_TYPE,
    'webhook-id': 'msg_2Lml4kqTxcFcQGTRBfAfVgHZ5Ls',
    'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
    'webhook-signature': library.sign('msg_2Lml4kqTxcFcQGTRBfAfVgHZ5Ls', now, body),
  };
  expect(() => library.verify(body, headers)).not.toThrow();
  expect((await run.deliver('standard-webhooks', body, headers)).status).toBe(202);
  const altered = {...headers, 'webhook-id': 'msg_another'};
  expect(() => library.verify(body, altered)).toThrow();
  expect((await run.deliver('standard-webhooks', body, altered)).status).toBe(401);
  expect(await run.arrived('standard-webhooks', 1)).toMatchObject([
    {key: 'ada', value: body, headers: {ce_id: headers['webhook-id'], ce_type: 'user.created'}},
  ]);
});
