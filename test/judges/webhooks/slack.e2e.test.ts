/** Bolt's own check of requests; the gateway agrees with it. */
import {createHmac} from 'node:crypto';
import {isValidSlackRequest} from '@slack/bolt';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {FORM, secrets, startWebhookRun} from '../support/webhook-run.ts';
import type {WebhookRun} from '../support/webhook-run.ts';

let run: WebhookRun;
beforeAll(async () => {
  run = await startWebhookRun();
});
afterAll(() => run.end());

interface SlackRequest {
  readonly body: string;
  readonly type: string;
  readonly time: number;
  readonly signature: string;
}

test('Slack: what Bolt takes for Slack’s, the gateway does, and what not, not', async () => {
  const now = Math.floor(Date.now() / 1_000);
  const event = JSON.stringify({
    type: 'event_callback',
    event_id: 'Ev08MFMKH6',
    account: 'T1',
    event: {type: 'reaction_added'},
  });
  const command = 'command=%2Fweather&text=94070&account=T1&trigger_id=13345224609.738474920.8088';
  const question = JSON.stringify({type: 'url_verification', challenge: 'a challenge'});

  const type = 'application/json';
  const ofEvent = {body: event, type, time: now, signature: signedSlack(event, now)};
  const ofCommand = {body: command, type: FORM, time: now, signature: signedSlack(command, now)};
  expect((await postSlack(ofEvent)).status).toBe(200);
  expect((await postSlack(ofCommand)).status).toBe(200);
  const ofQuestion = {body: question, type, time: now, signature: signedSlack(question, now)};
  expect(await (await postSlack(ofQuestion)).text()).toBe('a challenge');
  const refused = await postSlack({...ofEvent, signature: ofCommand.signature});
  expect([refused.status, refused.headers.get('x-slack-no-retry')]).toEqual([401, '1']);
  await postSlack({...ofEvent, time: now - 900, signature: signedSlack(event, now - 900)});

  const arrived = await run.arrived('slack', 2);
  expect(arrived).toMatchObject([
    {key: 'T1', value: event, headers: {ce_id: 'Ev08MFMKH6', ce_type: 'reaction_added'}},
    {key: 'T1', value: command, headers: {ce_type: '/weather', 'content-type': FORM}},
  ]);
});

/** To the gateway and to Bolt, which must agree. */
async function postSlack({body, type, time, signature}: SlackRequest): Promise<Response> {
  const response = await run.deliver('slack', body, {
    'content-type': type,
    'x-slack-request-timestamp': String(time),
    'x-slack-signature': signature,
  });
  const isOfSlack = isValidSlackRequest({
    signingSecret: secrets.SLACK,
    body,
    headers: {'x-slack-signature': signature, 'x-slack-request-timestamp': time},
  });
  expect(response.ok).toBe(isOfSlack);
  return response;
}

function signedSlack(body: string, time: number): string {
  return `v0=${createHmac('sha256', secrets.SLACK).update(`v0:${time}:${body}`).digest('hex')}`;
}
