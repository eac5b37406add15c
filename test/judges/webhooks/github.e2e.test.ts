/** Octokit signs as GitHub does. */
import {sign as signGithub} from '@octokit/webhooks-methods';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {JSON_TYPE, secrets, startWebhookRun} from '../support/webhook-run.ts';
import type {WebhookRun} from '../support/webhook-run.ts';

let run: WebhookRun;
beforeAll(async () => {
  run = await startWebhookRun();
});
afterAll(() => run.end());

test('GitHub, signed by Octokit', async () => {
  const body = '{ "zen": "Grüße — ünïcödé", "account":"octo" }';
  const headers = {
    ...JSON_TYPE,
    'x-github-delivery': 'b8f2c3d0-0000-11ef-9f5e-000000000001',
    'x-github-event': 'ping',
    'x-hub-signature-256': await signGithub(secrets.GITHUB, body),
  };
  expect((await run.deliver('github', body, headers)).status).toBe(202);
  expect((await run.deliver('github', `${body} `, headers)).status).toBe(401);
  expect(await run.arrived('github', 1)).toMatchObject([
    {key: 'octo', value: body, headers: {ce_id: headers['x-github-delivery'], ce_type: 'ping'}},
  ]);
});
