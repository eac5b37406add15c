/** Twilio's own library signs and validates; the gateway agrees with it. */
import {validateRequest, validateRequestWithBody} from 'twilio';
import {getExpectedBodyHash, getExpectedTwilioSignature} from 'twilio/lib/webhooks/webhooks.js';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {FORM, JSON_TYPE, secrets, startWebhookRun} from '../support/webhook-run.ts';
import type {WebhookRun} from '../support/webhook-run.ts';

let run: WebhookRun;
beforeAll(async () => {
  run = await startWebhookRun();
});
afterAll(() => run.end());

test('Twilio: a form at the gateway’s own URL, as its library signs and validates it', async () => {
  const url = `${run.url}/v1/webhooks/twilio?account=x&n=1`;
  const fields = {MessageStatus: 'sent', account: 'AC1', Body: 'a b+c&d=é', To: '+15558675310'};
  const signature = getExpectedTwilioSignature(secrets.TWILIO, url, fields);
  expect(validateRequest(secrets.TWILIO, signature, url, fields)).toBe(true);
  const body = new URLSearchParams(fields).toString();
  const headers = {'content-type': FORM, 'x-twilio-signature': signature};
  const response = await run.deliver('twilio?account=x&n=1', body, headers);
  expect([response.status, await response.text()]).toEqual([200, '<Response/>']);
  expect((await run.deliver('twilio?account=x&n=2', body, headers)).status).toBe(401);
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
    const headers = {...JSON_TYPE, 'x-twilio-signature': signature};
    expect((await run.deliver(path, body, headers)).status).toBe(200);
    expect((await run.deliver(path, `${body} `, headers)).status).toBe(401);
  }
  const arrived = await run.arrived('twilio-behind-proxy', 2);
  expect(arrived.map(({key, value}) => [key, value])).toEqual(bodies.map((body) => ['AC2', body]));
});
