/** The library `svix` signs and verifies, and the gateway agrees with it. */
import {Webhook} from 'svix';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {JSON_TYPE, secrets, startWebhookRun} from '../support/webhook-run.ts';
import type {WebhookRun} from '../support/webhook-run.ts';

let run: WebhookRun;
beforeAll(async () => {
  run = await startWebhookRun();
});
afterAll(() => run.end());

test('what the library signs and verifies is kept, and what it does not verify is refused', async () => {
  const library = new Webhook(secrets.SVIX);
  const body = JSON.stringify({type: 'user.created', account: 'ada', data: {id: 1}});
  const now = new Date();
  const headers: Readonly<Record<string, string>> = {
    ...JSON_TYPE,
    'svix-id': 'msg_2Lml4kqTxcFcQGTRBfAfVgHZ5Ls',
    'svix-timestamp': String(Math.floor(now.getTime() / 1_000)),
    'svix-signature': library.sign('msg_2Lml4kqTxcFcQGTRBfAfVgHZ5Ls', now, body),
  };
  expect(() => library.verify(body, headers)).not.toThrow();
  expect((await run.deliver('svix', body, headers)).status).toBe(202);
  const altered = {...headers, 'svix-id': 'msg_another'};
  expect(() => library.verify(body, altered)).toThrow();
  expect((await run.deliver('svix', body, altered)).status).toBe(401);
  expect(await run.arrived('svix', 1)).toMatchObject([
    {key: 'ada', value: body, headers: {ce_id: headers['svix-id'], ce_type: 'user.created'}},
  ]);
});
