/** What each provider sends is kept as it came, under the provider's own id and type, and answered as it wants. */
import {beforeAll, describe, expect, test} from 'vitest';
import {definePipeline} from '../../../src/define/index.ts';
import {hex, utf8} from '../../../src/lib/bytes.ts';
import {recordsOf} from '../support/shard-records.ts';
import type {StoredRecord} from '../support/shard-records.ts';
import {problemOf, testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';
import {FORM, marker, sign} from '../support/sign-webhooks.ts';
import type {Signed} from '../support/sign-webhooks.ts';
import {WEBHOOK_SECRETS, webhookStreams} from '../support/webhook-streams.ts';

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});

function deliver({path, body, headers}: Signed, to = app): Promise<Response> {
  return to.fetch(`/v1/webhooks/${path}`, {
    method: 'POST',
    body,
    headers: {'content-type': 'application/json', ...headers},
  });
}

async function kept(source: string, body: string): Promise<readonly StoredRecord[]> {
  const records = await recordsOf(`from-${source}/0`);
  return records.filter(({value}) => value === body);
}

async function sha256(text: string): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(text))));
}

interface Expected {
  readonly status?: number;
  readonly text?: string;
  readonly id: string;
  readonly type: string;
  readonly contentType?: string;
}

interface Case {
  readonly signed: Signed;
  readonly expected: Expected;
}

const CASES: Readonly<Record<string, () => Promise<Case>>> = {
  'standard-webhooks': async () => {
    const id = `msg_${marker()}`;
    const body = JSON.stringify({type: 'invoice.paid', data: {id}});
    return {signed: await sign.standard(body, id), expected: {id, type: 'invoice.paid'}};
  },
  'standard-webhooks as Svix names its headers': async () => {
    const id = `msg_${marker()}`;
    return {
      signed: await sign.standard(JSON.stringify({id}), id, 'svix'),
      expected: {id, type: 'from-standard-webhooks'},
    };
  },
  stripe: async () => {
    const id = `evt_${marker()}`;
    const body = `{\n  "id": "${id}",\n  "object": "event",\n  "type": "charge.succeeded"\n}`;
    return {signed: await sign.stripe(body), expected: {id, type: 'charge.succeeded'}};
  },
  'stripe-eu': async () => {
    const id = `evt_${marker()}`;
    const body = JSON.stringify({id, type: 'charge.failed'});
    const signed = await sign.stripe(body, 'stripe-eu', WEBHOOK_SECRETS.STRIPE_EU);
    return {signed, expected: {id, type: 'charge.failed'}};
  },
  shopify: async () => {
    const id = marker();
    const headers = {'x-shopify-webhook-id': id, 'x-shopify-topic': 'orders/create'};
    const signed = await sign.shopify(JSON.stringify({order: id}), headers);
    return {signed, expected: {id, type: 'orders/create'}};
  },
  slack: async () => {
    const id = `Ev${marker()}`;
    const body = JSON.stringify({
      type: 'event_callback',
      event_id: id,
      event: {type: 'app_mention'},
    });
    return {signed: await sign.slack(body), expected: {status: 200, id, type: 'app_mention'}};
  },
  'slack’s slash commands': async () => {
    const body = `command=%2Fdeploy&text=now+please&trigger_id=${marker()}`;
    return {
      signed: await sign.slack(body, FORM),
      expected: {
        status: 200,
        id: `sha256:${await sha256(body)}`,
        type: '/deploy',
        contentType: FORM,
      },
    };
  },
  twilio: async () => {
    const id = marker();
    const signed = await sign.twilio(
      {MessageStatus: 'delivered', To: '+1 555', MessageSid: `SM${id}`},
      {'i-twilio-idempotency-token': id},
    );
    const expected = {status: 200, text: '<Response/>', id, type: 'delivered', contentType: FORM};
    return {signed, expected};
  },
  zoom: async () => {
    const body = JSON.stringify({event: 'meeting.started', payload: {id: marker()}});
    const id = `sha256:${await sha256(body)}`;
    return {signed: await sign.zoom(body), expected: {status: 200, id, type: 'meeting.started'}};
  },
  meta: async () => {
    const body = JSON.stringify({object: 'page', entry: [{id: marker()}]});
    const id = `sha256:${await sha256(body)}`;
    return {signed: await sign.meta(body), expected: {status: 200, id, type: 'page'}};
  },
  x: async () => {
    const body = JSON.stringify({for_user_id: marker(), tweet_create_events: []});
    const id = `sha256:${await sha256(body)}`;
    return {signed: await sign.x(body), expected: {status: 200, id, type: 'from-x'}};
  },
  acme: async () => {
    const id = marker();
    const body = JSON.stringify({kind: {name: 'tnt.shipped'}, id});
    return {signed: await sign.acme(body, id), expected: {id, type: 'tnt.shipped'}};
  },
};

describe.each(Object.entries(CASES))('a delivery of %s', (_name, make) => {
  test('is kept once, byte for byte, and answered as the provider wants', async () => {
    const {signed, expected} = await make();
    const source = signed.path.split('?')[0]!;
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const response = await deliver(signed);
      expect([response.status, await response.text()]).toEqual([
        expected.status ?? 202,
        expected.text ?? '',
      ]);
    }
    const records = await kept(source, signed.body);
    expect(records).toHaveLength(1);
    expect(records[0]!.headers).toMatchObject({
      ce_id: expected.id,
      ce_type: expected.type,
      ce_source: `/v1/webhooks/${source}`,
      'content-type': expected.contentType ?? 'application/json',
    });
  });

  test('is refused and not kept when a byte of it is another, or nothing signs it', async () => {
    const {signed} = await make();
    const source = signed.path.split('?')[0]!;
    const changed = `${signed.body.slice(0, -1)} }`;
    const unsigned = Object.fromEntries(
      Object.entries(signed.headers).filter(([name]) => !/signature|hmac/.test(name)),
    );
    for (const hostile of [
      {...signed, body: changed},
      {...signed, headers: unsigned},
    ]) {
      const response = await deliver(hostile);
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Signature');
      expect((await problemOf(response)).type).toBe('urn:forebay:problem:bad-signature');
      expect(await kept(source, hostile.body)).toEqual([]);
    }
  });
});

const notice = (clientStates: readonly unknown[]) =>
  JSON.stringify({
    value: clientStates.map((clientState) => ({
      clientState,
      changeType: 'updated',
      resource: `users/${marker()}`,
    })),
  });

describe('Microsoft Graph', () => {
  test('is believed when every element of value has a live clientState', async () => {
    for (const states of [
      [WEBHOOK_SECRETS.GRAPH],
      [WEBHOOK_SECRETS.GRAPH, WEBHOOK_SECRETS.GRAPH_NEXT],
    ]) {
      const body = notice(states);
      expect((await deliver(sign.graph(body))).status).toBe(202);
      const [record] = await kept('microsoft-graph', body);
      expect(record!.headers).toMatchObject({ce_type: 'updated'});
    }
  });

  test('equal notices are different changes, so each is kept', async () => {
    const body = notice([WEBHOOK_SECRETS.GRAPH]);
    await deliver(sign.graph(body));
    await deliver(sign.graph(body));
    const records = await kept('microsoft-graph', body);
    expect(new Set(records.map(({headers}) => headers['ce_id'])).size).toBe(2);
  });

  test.each([
    ['one element has another', notice([WEBHOOK_SECRETS.GRAPH, 'wrong'])],
    ['the first element has another', notice(['wrong', WEBHOOK_SECRETS.GRAPH])],
    ['one element has none', notice([WEBHOOK_SECRETS.GRAPH, undefined])],
    ['it is no text', notice([[WEBHOOK_SECRETS.GRAPH]])],
    ['it is empty', notice([''])],
    ['there is no element', notice([])],
    ['value is no array', JSON.stringify({value: {clientState: WEBHOOK_SECRETS.GRAPH}})],
    ['there is no value', '{}'],
    [
      'a second value hides the first',
      `{"value":[{"clientState":"${WEBHOOK_SECRETS.GRAPH}"}],"value":[{}]}`,
    ],
  ])('is refused when %s', async (_when, body) => {
    const response = await deliver(sign.graph(body));
    expect(response.status).toBe(401);
    expect(await kept('microsoft-graph', body)).toEqual([]);
  });
});

describe('several live secrets', () => {
  test.each([WEBHOOK_SECRETS.ACME_OLD, WEBHOOK_SECRETS.ACME_NEW])(
    'a signature by %s is right',
    async (secret) => {
      const signed = await sign.acme(JSON.stringify({at: marker()}), marker(), secret);
      expect((await deliver(signed)).status).toBe(202);
    },
  );

  test('one that is missing leaves the other right, its own signatures wrong, and is named by /ready', async () => {
    const {ACME_OLD: _gone, ...left} = WEBHOOK_SECRETS;
    const without = await testApp({extraEnv: {FOREBAY_SECRETS: JSON.stringify(left)}});
    const body = JSON.stringify({at: marker()});
    const old = await sign.acme(body, marker(), WEBHOOK_SECRETS.ACME_OLD);
    expect((await deliver(old, without)).status).toBe(401);
    expect((await deliver(await sign.acme(body, marker()), without)).status).toBe(202);
    const {reason} = await (await without.fetch('/ready')).json<{reason: string}>();
    expect(reason).toContain('the secret ACME_OLD is not set');
    expect(reason).not.toContain('ACME_NEW');
  });

  test('without any, or with one that is no key, nothing gets in and /ready says why', async () => {
    const secrets = {...WEBHOOK_SECRETS, STANDARD: 'whsec_not base64', ACME_OLD: '', ACME_NEW: ''};
    const without = await testApp({extraEnv: {FOREBAY_SECRETS: JSON.stringify(secrets)}});
    const body = JSON.stringify({at: marker()});
    for (const signed of [await sign.acme(body, marker()), await sign.standard(body, 'msg_1')]) {
      const response = await deliver(signed, without);
      expect(response.status).toBe(503);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    const {reason} = await (await without.fetch('/ready')).json<{reason: string}>();
    expect(reason).toContain('the secret ACME_NEW is not set');
    expect(reason).toContain(
      'the secret STANDARD is no key of the webhook source standard-webhooks',
    );
  });

  test('an account’s secret is right for its own source only', async () => {
    const body = JSON.stringify({id: `evt_${marker()}`});
    const signed = await sign.stripe(body, 'stripe', WEBHOOK_SECRETS.STRIPE_EU);
    expect((await deliver(signed)).status).toBe(401);
  });
});

describe('a replayed delivery', () => {
  test('is refused once its time is further away than the tolerance', async () => {
    const signed = await sign.stripe(JSON.stringify({id: `evt_${marker()}`}));
    const later = await testApp({nowMs: () => Date.now() + 302_000});
    expect((await deliver(signed, later)).status).toBe(401);
    const earlier = await testApp({nowMs: () => Date.now() - 302_000});
    expect((await deliver(signed, earlier)).status).toBe(401);
  });
});

describe('Slack is told to stop', () => {
  test('when a refusal would stay one', async () => {
    const bad = await deliver({path: 'slack', body: '{}', headers: {'x-slack-signature': 'v0=00'}});
    expect([bad.status, bad.headers.get('x-slack-no-retry')]).toEqual([401, '1']);
    const invalid = await deliver(await sign.slack(JSON.stringify({invalid: marker()})));
    expect([invalid.status, invalid.headers.get('x-slack-no-retry')]).toEqual([422, '1']);
    const text = await deliver(await sign.slack('hello', 'text/plain'));
    expect([text.status, text.headers.get('x-slack-no-retry')]).toEqual([415, '1']);
  });

  test('but not when it may pass', async () => {
    const without = await testApp({extraEnv: {FOREBAY_SECRETS: '{}'}});
    const response = await deliver(await sign.slack('{}'), without);
    expect([response.status, response.headers.get('x-slack-no-retry')]).toEqual([503, null]);
  });
});

test('more than the stream’s quota is a 429 that says when to come again, and Slack may', async () => {
  const pipeline = definePipeline({
    name: 'limited',
    views: [],
    streams: webhookStreams.map((stream) => ({...stream, quota: {eventsPerSecond: 1, burst: 1}})),
  });
  const limited = await testApp({pipeline, nowMs: fixedNow(Date.now())});
  const answers: Response[] = [];
  while (answers.at(-1)?.status !== 429 && answers.length < 10)
    answers.push(await deliver(await sign.slack(JSON.stringify({event_id: marker()})), limited));
  const last = answers.at(-1)!;
  expect([answers[0]!.status, last.status]).toEqual([200, 429]);
  expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(last.headers.get('x-slack-no-retry')).toBeNull();
});

function fixedNow(ms: number): () => number {
  return () => ms;
}

test('fields of a form are what the schema sees, also those with names of a prototype', async () => {
  const body = `__proto__=a&constructor=b&invalid=c&MessageSid=${marker()}`;
  const fields = Object.fromEntries(new URLSearchParams(body));
  const response = await deliver(
    await sign.twilio({['__proto__']: 'a', ...fields, constructor: 'b'}),
  );
  expect(response.status).toBe(200);
  const rejected = await recordsOf('from-twilio.rejected/0');
  expect(rejected.at(-1)?.headers['forebay_rejected']).toContain('invalid');
});
