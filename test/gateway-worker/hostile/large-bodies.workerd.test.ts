/** Bodies as large as they may be that mean as much work as they can: refused, or no more than their bytes. */
import {beforeAll, describe, expect, test} from 'vitest';
import {MAX_REQUEST_BYTES} from '../../../gateway-worker/limits.ts';
import {INGESTS} from '../support/ingests.ts';
import {testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';

/** Far more than any of these takes, and far less than what it takes unbounded. */
const TIMEOUT_MS = 60_000;

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});

/** One for each way to take a large body apart. */
const dialects = ['a JSON event', 'a CloudEvent in headers', 'OTLP in JSON', 'Confluent v2'];

describe.each(dialects)('%s', (name) => {
  const {send} = INGESTS[name]!;
  const post = async (body: string) => {
    const response = await app.fetch(...(await send(app, {body})));
    return [response.status, await response.text()] as const;
  };

  test(
    'two million numbers are refused or are one value',
    async () => {
      const numbers = '1,'.repeat(2_000_000) + '1';
      const [status] = await post(`{"a":[${numbers}]}`);
      expect([400, 413, 422, 200]).toContain(status);
    },
    TIMEOUT_MS,
  );

  test(
    '200,000 unknown members do not make an answer as long',
    async () => {
      const members = Array.from({length: 200_000}, (_, at) => `"m${at}":${at}`).join(',');
      const [status, text] = await post(`{${members}}`);
      expect(status).toBeLessThan(500);
      expect(text.length).toBeLessThan(20_000);
    },
    TIMEOUT_MS,
  );
});

/** What a body of megabytes that mean nothing would cost piece by piece. */
test.each([
  ['NDJSON', '\n'.repeat(MAX_REQUEST_BYTES - 1)],
  ['NDJSON', '\n '.repeat(MAX_REQUEST_BYTES / 2 - 1)],
  ['NDJSON', '0\n'.repeat(MAX_REQUEST_BYTES / 2 - 1)],
  ['a JSON batch', `[${'0,'.repeat(MAX_REQUEST_BYTES / 2 - 2)}0]`],
  ['a batch of CloudEvents', `[${'{},'.repeat(20_000)}{}]`],
  ['OTLP in JSON', `{"resourceLogs":[${'{},'.repeat(20_000)}{}]}`],
  [
    'OTLP in JSON',
    `{"resourceLogs":[${`{"scopeLogs":[${'{},'.repeat(9_000)}{}]},`.repeat(300)}{}]}`,
  ],
  ['Confluent v2', `{"records":[${'0,'.repeat(20_000)}0]}`],
  ['Confluent v3', '{}'.repeat(MAX_REQUEST_BYTES / 2 - 1)],
])(
  '%s of nothing but separators and empty events is 413',
  async (name, body) => {
    const response = await app.fetch(...(await INGESTS[name]!.send(app, {body})));
    expect([response.status, await response.text()]).toEqual([413, expect.anything()]);
  },
  TIMEOUT_MS,
);

test(
  'a resource is not copied for every empty scope under it',
  async () => {
    const resource = {attributes: [{key: 'k', value: {stringValue: 'x'.repeat(5_000_000)}}]};
    const scopeLogs = Array.from({length: 10_000}, () => ({}));
    // Fifty gigabytes otherwise.
    const body = JSON.stringify({resourceLogs: [{resource, scopeLogs}]});
    const response = await app.fetch(...(await INGESTS['OTLP in JSON']!.send(app, {body})));
    expect(response.status).toBe(200);
  },
  TIMEOUT_MS,
);

test(
  'a repeated name is found in a large event in many brackets',
  async () => {
    const inside = `[${'0,'.repeat(500_000)}{"twice":1,"twice":2}]`;
    const body = '{"in":'.repeat(60) + inside + '}'.repeat(60);
    const response = await app.post('/v1/streams/keyless', body);
    expect(response.status).toBe(422);
    expect(await response.text()).toContain('duplicate-name');
  },
  TIMEOUT_MS,
);
