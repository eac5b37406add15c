/** Providers' own libraries sign, and what they signed is in Kafka byte for byte; what they did not is not. */
import {createHmac} from 'node:crypto';
import {sign as signGithub} from '@octokit/webhooks-methods';
import {isValidSlackRequest} from '@slack/bolt';
import {Webhook as StandardWebhook} from 'standardwebhooks';
import {Stripe} from 'stripe';
import {Webhook as SvixWebhook} from 'svix';
import {validateRequest, validateRequestWithBody} from 'twilio';
import {getExpectedBodyHash, getExpectedTwilioSignature} from 'twilio/lib/webhooks/webhooks.js';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {startJudgeRun} from './support/judge-run.ts';
import type {JudgeRun} from './support/judge-run.ts';

const secrets = {
  STRIPE: 'whsec_the_new_one',
  STRIPE_OLD: 'whsec_the_old_one',
  GITHUB: "It's a Secret to Everybody",
  STANDARD: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  SVIX: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
  TWILIO: 'an auth token',
  SLACK: '8f742231b10e8888abcd99yyyzzz85a5',
};
const FORM = 'application/x-www-form-urlencoded';
const json = {'content-type': 'application/json; charset=utf-8'};

interface SlackRequest {
  readonly body: string;
  readonly type: string;
  readonly time: number;
  readonly signature: string;
}

let run: JudgeRun;
beforeAll(async () => {
  run = await startJudgeRun({pipelinePath: 'test/judges/support/webhooks-pipeline.ts', secrets});
});
afterAll(() => run.end());

function deliver(path: string, body: string, headers: Record<string, string>): Promise<Response> {
  return fetch(`${run.url}/v1/webhooks/${path}`, {method: 'POST', body, headers});
}

test('Stripe: signed by either of two live secrets, kept once however often it is delivered', async () => {
  const {webhooks} = new Stripe('sk_test_unused');
  const headerOf = (payload: string, secret: string, timestamp?: number) => ({
    ...json,
    'stripe-signature': webhooks.generateTestHeaderString({
      payload,
      secret,
      ...(timestamp === undefined ? {} : {timestamp}),
    }),
  });
  for (const [n, secret] of [
    [1, secrets.STRIPE],
    [2, secrets.STRIPE_OLD],
    [1, secrets.STRIPE],
  ] as const) {
    const response = await deliver('stripe', stripeEvent(n), headerOf(stripeEvent(n), secret));
    expect([response.status, await response.text()]).toEqual([202, '']);
  }
  const old = Math.floor(Date.now() / 1_000) - 600;
  const stale = await deliver(
    'stripe',
    stripeEvent(3),
    headerOf(stripeEvent(3), secrets.STRIPE, old),
  );
  const foreign = await deliver(
    'stripe',
    stripeEvent(3),
    headerOf(stripeEvent(3), 'whsec_unknown'),
  );
  expect([stale.status, foreign.status]).toEqual([401, 401]);

  const arrived = await run.arrived('stripe', 2);
  expect(arrived.map(({key, value}) => [key, value])).toEqual([
    ['acct_1', stripeEvent(1)],
    ['acct_1', stripeEvent(2)],
  ]);
  expect(arrived[0]!.headers).toMatchObject({
    ce_specversion: '1.0',
    ce_id: 'evt_1',
    ce_type: 'charge.updated',
    ce_source: '/v1/webhooks/stripe',
    'content-type': 'application/json',
  });
});

test('GitHub, signed by Octokit', async () => {
  const body = '{ "zen": "Grüße — ünïcödé", "account":"octo" }';
  const headers = {
    ...json,
    'x-github-delivery': 'b8f2c3d0-0000-11ef-9f5e-000000000001',
    'x-github-event': 'ping',
    'x-hub-signature-256': await signGithub(secrets.GITHUB, body),
  };
  expect((await deliver('github', body, headers)).status).toBe(202);
  expect((await deliver('github', `${body} `, headers)).status).toBe(401);
  expect(await run.arrived('github', 1)).toMatchObject([
    {key: 'octo', value: body, headers: {ce_id: headers['x-github-delivery'], ce_type: 'ping'}},
  ]);
});

test.each([
  ['standard-webhooks', 'webhook', new StandardWebhook(secrets.STANDARD)],
  ['svix', 'svix', new SvixWebhook(secrets.SVIX)],
] as const)('%s: what its library signs, its library and the gateway verify', async (...each) => {
  const [source, prefix, library] = each;
  const body = JSON.stringify({type: 'user.created', account: 'ada', data: {id: 1}});
  const now = new Date();
  const headers: Readonly<Record<string, string>> = {
    ...json,
    [`${prefix}-id`]: 'msg_2Lml4kqTxcFcQGTRBfAfVgHZ5Ls',
    [`${prefix}-timestamp`]: String(Math.floor(now.getTime() / 1_000)),
    [`${prefix}-signature`]: library.sign('msg_2Lml4kqTxcFcQGTRBfAfVgHZ5Ls', now, body),
  };
  expect(() => library.verify(body, headers)).not.toThrow();
  expect((await deliver(source, body, headers)).status).toBe(202);
  const altered = {...headers, [`${prefix}-id`]: 'msg_another'};
  expect(() => library.verify(body, altered)).toThrow();
  expect((await deliver(source, body, altered)).status).toBe(401);
  expect(await run.arrived(source, 1)).toMatchObject([
    {key: 'ada', value: body, headers: {ce_id: headers[`${prefix}-id`], ce_type: 'user.created'}},
  ]);
});

test('Twilio: a form at the gateway’s own URL, as its library signs and validates it', async () => {
  const url = `${run.url}/v1/webhooks/twilio?account=x&n=1`;
  const fields = {MessageStatus: 'sent', account: 'AC1', Body: 'a b+c&d=é', To: '+15558675310'};
  const signature = getExpectedTwilioSignature(secrets.TWILIO, url, fields);
  expect(validateRequest(secrets.TWILIO, signature, url, fields)).toBe(true);
  const body = new URLSearchParams(fields).toString();
  const headers = {'content-type': FORM, 'x-twilio-signature': signature};
  const response = await deliver('twilio?account=x&n=1', body, headers);
  expect([response.status, await response.text()]).toEqual([200, '<Response/>']);
  expect((await deliver('twilio?account=x&n=2', body, headers)).status).toBe(401);
  expect(await run.arrived('twilio', 1)).toMatchObject([
    {key: 'AC1', value: body, headers: {ce_type: 'sent', 'content-type': FORM}},
  ]);
});

test('Twilio behind a proxy: JSON at the public URL, with and without its port', async () => {
  const bodies = ['{"account":"AC2","n":1}', '{"account":"AC2","n":2}'];
  for (const [index, body] of bodies.entries()) {
    const host = ['hooks.example.com', 'hooks.example.com:443'][index]!;
    const query = `bodySHA256=${getExpectedBodyHash(body)}`;
    const url = `https://${host}/twilio?${query}`;
    const signature = getExpectedTwilioSignature(secrets.TWILIO, url, {});
    expect(validateRequestWithBody(secrets.TWILIO, signature, url, body)).toBe(true);
    const path = `twilio-behind-proxy?${query}`;
    const headers = {...json, 'x-twilio-signature': signature};
    expect((await deliver(path, body, headers)).status).toBe(200);
    expect((await deliver(path, `${body} `, headers)).status).toBe(401);
  }
  const arrived = await run.arrived('twilio-behind-proxy', 2);
  expect(arrived.map(({key, value}) => [key, value])).toEqual(bodies.map((body) => ['AC2', body]));
});

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

const stripeEvent = (n: number) =>
  JSON.stringify(
    {id: `evt_${n}`, object: 'event', account: 'acct_1', type: 'charge.updated', big: 1e21},
    undefined,
    2,
  );

/** To the gateway and to Bolt, which must agree. */
async function postSlack({body, type, time, signature}: SlackRequest): Promise<Response> {
  const response = await deliver('slack', body, {
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
