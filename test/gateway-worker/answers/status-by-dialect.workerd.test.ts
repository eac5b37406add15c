/**
 * Which status each dialect gives in each situation: the one that makes its senders do the right thing. A client that
 * drops on 4xx must not see one for what may pass; one that retries everything for days must not be told of what never
 * will; 429 and 503 say when to come again.
 */
import {beforeAll, describe, expect, test} from 'vitest';
import {MAX_REQUEST_BYTES} from '../../../gateway-worker/limits.ts';
import {sign} from '../support/sign-webhooks.ts';
import {testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';

type Situation =
  | 'stored'
  | 'duplicate'
  | 'invalid'
  | 'wrong credentials'
  | 'over quota'
  | 'cannot store'
  | 'too large';

interface Sending {
  readonly path: string;
  readonly body: string;
  readonly headers: Record<string, string>;
}

interface Dialect {
  /** The same event for the same id. */
  readonly send: (event: {
    readonly id: string;
    readonly isValid: boolean;
    readonly key: string;
  }) => Sending | Promise<Sending>;
  readonly statuses: Readonly<Record<Situation, number | null>>;
}

const JSON_TYPE = {'content-type': 'application/json'};
const bearer = (key: string) => ({authorization: `Bearer ${key}`});
const basic = (text: string) => ({authorization: `Basic ${btoa(text)}`});
const readingOf = (id: string, isValid: boolean) => ({
  station: id,
  time: '2026-01-01T00:00:00Z',
  temperatureC: isValid ? 1 : 'warm',
});

const DIALECTS: Readonly<Record<string, Dialect>> = {
  'plain JSON': {
    send: ({id, isValid, key}) => ({
      path: '/v1/streams/readings',
      body: JSON.stringify(readingOf(id, isValid)),
      headers: {...JSON_TYPE, ...bearer(key), 'idempotency-key': id},
    }),
    statuses: {
      stored: 202,
      duplicate: 202,
      invalid: 422,
      'wrong credentials': 401,
      'over quota': 429,
      'cannot store': 503,
      'too large': 413,
    },
  },
  CloudEvents: {
    send: ({id, isValid, key}) => ({
      path: '/v1/streams/cloud-readings',
      body: JSON.stringify(readingOf(id, isValid)),
      headers: {
        ...JSON_TYPE,
        ...bearer(key),
        'ce-specversion': '1.0',
        'ce-id': id,
        'ce-source': '/tests',
        'ce-type': 'reading',
      },
    }),
    statuses: {
      stored: 202,
      duplicate: 202,
      invalid: 422,
      'wrong credentials': 401,
      'over quota': 429,
      'cannot store': 503,
      'too large': 413,
    },
  },
  Segment: {
    send: ({id, isValid, key}) => ({
      path: '/v1/track',
      body: JSON.stringify({messageId: id, event: 'e', ...(isValid ? {userId: 'ada'} : {})}),
      headers: {...JSON_TYPE, ...basic(`${key}:`)},
    }),
    // Its libraries drop a call at any 4xx but 408, 410, 429 and 460.
    statuses: {
      stored: 200,
      duplicate: 200,
      invalid: 400,
      'wrong credentials': 401,
      'over quota': 429,
      'cannot store': 503,
      'too large': 413,
    },
  },
  'OTLP logs': {
    send: ({id, isValid, key}) => ({
      path: '/v1/logs',
      body: JSON.stringify({
        resourceLogs: [
          {
            scopeLogs: [
              {logRecords: [{body: {stringValue: id}, severityNumber: isValid ? 9 : 'x'}]},
            ],
          },
        ],
      }),
      headers: {...JSON_TYPE, ...bearer(key)},
    }),
    // Exporters retry 429, 502, 503 and 504 only; what is invalid is told in a 200.
    statuses: {
      stored: 200,
      duplicate: 200,
      invalid: 200,
      'wrong credentials': 401,
      'over quota': 429,
      'cannot store': 503,
      'too large': 413,
    },
  },
  'Confluent REST v2': {
    send: ({id, isValid, key}) => ({
      path: '/topics/rest-readings',
      body: JSON.stringify({records: [{value: readingOf(id, isValid)}]}),
      headers: {'content-type': 'application/vnd.kafka.json.v2+json', ...basic(`any:${key}`)},
    }),
    // Records have no ids, so there are no duplicates.
    statuses: {
      stored: 200,
      duplicate: null,
      invalid: 422,
      'wrong credentials': 401,
      'over quota': 429,
      'cannot store': 503,
      'too large': 413,
    },
  },
  'Standard Webhooks': {
    send: async ({id, isValid, key}) => {
      const signed = await sign.standard(JSON.stringify({type: 'made', wrong: !isValid}), id);
      const headers = key === 'wrong' ? {...signed.headers, 'webhook-id': 'other'} : signed.headers;
      return {
        path: `/v1/webhooks/${signed.path}`,
        body: signed.body,
        headers: {...JSON_TYPE, ...headers},
      };
    },
    // Anything but 2xx is sent again for days.
    statuses: {
      stored: 202,
      duplicate: 202,
      invalid: null,
      'wrong credentials': 401,
      'over quota': null,
      'cannot store': 503,
      'too large': 413,
    },
  },
};

let app: TestApp;
/** Every shard is overloaded. */
let unable: TestApp;
beforeAll(async () => {
  const overloaded = Object.assign(new Error('overloaded'), {overloaded: true});
  const shard = {append: () => Promise.reject(overloaded)};
  app = await testApp();
  unable = await testApp({extraEnv: {SHARD: {getByName: () => shard}, OVERFLOW: undefined}});
});

describe.each(Object.entries(DIALECTS))('%s', (_, {send, statuses}) => {
  const situations = Object.entries(statuses).filter(([, status]) => status !== null);

  test.each(situations as [Situation, number][])('%s → %i', async (situation, status) => {
    const response = await answerIn(situation, send);
    expect([response.status, await response.clone().text()]).toEqual([status, expect.anything()]);
    if (status !== 429 && status !== 503) return;
    // Some clients read whole seconds only, and take 0 for "at once".
    expect(response.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  });
});

async function answerIn(situation: Situation, send: Dialect['send']): Promise<Response> {
  const id = crypto.randomUUID();
  const post = async (to: TestApp, key: string, isValid = true) => {
    const {path, body, headers} = await send({id, isValid, key});
    return to.fetch(path, {method: 'POST', body, headers});
  };
  const answers: Readonly<Record<Situation, () => Promise<Response>>> = {
    stored: () => post(app, app.keys.writer),
    duplicate: async () => {
      await post(app, app.keys.writer);
      return post(app, app.keys.writer);
    },
    invalid: () => post(app, app.keys.writer, false),
    'wrong credentials': () => post(app, 'wrong'),
    'over quota': async () => {
      const limited = await testApp();
      let last = await post(limited, limited.keys.limited);
      for (let sent = 0; sent < 10 && last.status < 400; sent += 1)
        last = await post(limited, limited.keys.limited);
      return last;
    },
    'cannot store': () => post(unable, unable.keys.writer),
    'too large': async () => {
      const {path, headers} = await send({id, isValid: true, key: app.keys.writer});
      const body = new Uint8Array(MAX_REQUEST_BYTES + 1);
      return app.fetch(path, {method: 'POST', body, headers});
    },
  };
  return answers[situation]();
}
