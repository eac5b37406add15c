/** Stripe's own library signs; what it signed is in Kafka byte for byte, and what it did not is not. */
import {Stripe} from 'stripe';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {JSON_TYPE, secrets, startWebhookRun} from '../support/webhook-run.ts';
import type {WebhookRun} from '../support/webhook-run.ts';

let run: WebhookRun;
beforeAll(async () => {
  run = await startWebhookRun();
});
afterAll(() => run.end());

test('Stripe: signed by either of two live secrets, kept once however often it is delivered', async () => {
  const {webhooks} = new Stripe('sk_test_unused');
  const headerOf = (payload: string, secret: string, timestamp?: number) => ({
    ...JSON_TYPE,
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
    const response = await run.deliver('stripe', stripeEvent(n), headerOf(stripeEvent(n), secret));
    expect([response.status, await response.text()]).toEqual([202, '']);
  }
  const old = Math.floor(Date.now() / 1_000) - 600;
  const stale = await run.deliver(
    'stripe',
    stripeEvent(3),
    headerOf(stripeEvent(3), secrets.STRIPE, old),
  );
  const foreign = await run.deliver(
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

const stripeEvent = (n: number) =>
  JSON.stringify(
    {id: `evt_${n}`, object: 'event', account: 'acct_1', type: 'charge.updated', big: 1e21},
    undefined,
    2,
  );
