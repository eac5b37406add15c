/** Segment's Node library, with its own retries, against a real gateway: each call is in Kafka once, whatever happens. */
import {Analytics} from '@segment/analytics-node';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {startFlawedProxy} from './support/flawed-proxy.ts';
import type {Attempt, Flaw} from './support/flawed-proxy.ts';
import {startJudgeRun} from './support/judge-run.ts';
import type {ArrivedRecord, JudgeRun} from './support/judge-run.ts';

const STREAM = 'analytics';

let run: JudgeRun;
/** Of all tests so far: a topic is read from its beginning. */
let sent = 0;
beforeAll(async () => {
  run = await startJudgeRun({pipelinePath: 'test/judges/support/segment-pipeline.ts'});
});
afterAll(() => run.end());

interface Sending {
  readonly attempts: readonly Attempt[];
  /** What the library says of calls it could not deliver. */
  readonly errors: readonly unknown[];
}

interface SendOptions {
  readonly flaws?: readonly Flaw[];
  readonly writeKey?: string;
  readonly path?: string;
}

/** The library, unmodified, behind a proxy; resolves when it says that it is done with all calls. */
async function sendWith(
  make: (analytics: Analytics) => void,
  {flaws = [], writeKey = run.ingestKey, path = '/v1/batch'}: SendOptions = {},
): Promise<Sending> {
  const proxy = await startFlawedProxy(run.url, flaws);
  try {
    const analytics = new Analytics({writeKey, host: proxy.url, path, maxRetries: 5});
    const errors: unknown[] = [];
    analytics.on('error', (error) => errors.push(error));
    make(analytics);
    await analytics.closeAndFlush();
    return {attempts: proxy.attempts, errors};
  } finally {
    await proxy.end();
  }
}

/** Calls as the library wrote them into its last request, byte for byte. */
function callsOf({attempts}: Sending): readonly string[] {
  const {batch} = JSON.parse(attempts.at(-1)!.body) as {batch: object[]};
  return batch.map((call) => JSON.stringify(call));
}

/** The records of these calls, in their order, and nothing of them twice. */
async function expectOnceInKafka(sending: Sending): Promise<readonly ArrivedRecord[]> {
  const calls = callsOf(sending);
  sent += calls.length;
  const records = await run.arrived(STREAM, sent);
  expect(records).toHaveLength(sent);
  return calls.map((call) => {
    const found = records.filter(({value}) => value === call);
    expect(found).toHaveLength(1);
    return found[0]!;
  });
}

function retryCounts({attempts}: Sending): readonly (string | string[] | undefined)[] {
  return attempts.map(({headers}) => headers['x-retry-count']);
}

const track = (analytics: Analytics, names: readonly string[]) => {
  for (const event of names) analytics.track({userId: 'ada', event, properties: {size: 1.5}});
};

test('every call of the library is one record, with its bytes, its key and its headers', async () => {
  const timestamp = new Date('2026-11-21T12:00:00.123Z');
  const sending = await sendWith((analytics) => {
    analytics.identify({userId: 'ada', traits: {name: 'Ada "the first" 😀'}, timestamp});
    analytics.track({userId: 'ada', event: 'Signed Up', properties: {plan: 'free'}, timestamp});
    analytics.page({anonymousId: 'someone', name: 'Home', timestamp});
    analytics.screen({userId: 'ada', name: 'Home', timestamp});
    analytics.group({userId: 'ada', groupId: 'g', traits: {size: 3}, timestamp});
    analytics.alias({userId: 'ada', previousId: 'someone', timestamp});
  });
  expect(sending.errors).toEqual([]);
  expect(sending.attempts).toMatchObject([{answered: {status: 200, body: '{"success":true}'}}]);
  const records = await expectOnceInKafka(sending);
  expect(records.map(({headers}) => headers['ce_type'])).toEqual([
    'identify',
    'track',
    'page',
    'screen',
    'group',
    'alias',
  ]);
  expect(records.map(({key}) => key)).toEqual(['ada', 'ada', 'someone', 'ada', 'ada', 'ada']);
  for (const {value, headers} of records) {
    const {messageId} = JSON.parse(value!) as {messageId: string};
    expect(headers).toMatchObject({
      ce_specversion: '1.0',
      ce_id: messageId,
      ce_source: '/v1/batch',
      ce_time: '2026-11-21T12:00:00.123Z',
      'content-type': 'application/json',
    });
  }
});

test('503 twice: the library comes again, and each call is there once', async () => {
  const flaw = {status: 503, headers: {'retry-after': '1'}};
  const sending = await sendWith((analytics) => track(analytics, ['a', 'b', 'c']), {
    flaws: [flaw, flaw],
  });
  expect(sending.errors).toEqual([]);
  expect(retryCounts(sending)).toEqual([undefined, '1', '2']);
  await expectOnceInKafka(sending);
});

test('429: the library waits as long as it is told, and each call is there once', async () => {
  const sending = await sendWith((analytics) => track(analytics, ['d', 'e']), {
    flaws: [{status: 429, headers: {'retry-after': '1', 'x-ratelimit-reset': '1'}}],
  });
  expect(sending.errors).toEqual([]);
  expect(retryCounts(sending)).toEqual([undefined, '1']);
  await expectOnceInKafka(sending);
});

test('an answer that is lost: the calls are stored, sent again, and there once', async () => {
  const sending = await sendWith((analytics) => track(analytics, ['f', 'g', 'h']), {
    flaws: ['answer-lost', 'answer-lost'],
  });
  expect(sending.errors).toEqual([]);
  expect(sending.attempts.map(({answered}) => answered)).toEqual(
    Array.from({length: 3}, () => ({status: 200, body: '{"success":true}'})),
  );
  await expectOnceInKafka(sending);
});

test('an invalid call is told to the library once, is kept, and the others are there', async () => {
  const sending = await sendWith((analytics) => track(analytics, ['i', 'x'.repeat(101)]));
  expect(sending.attempts.map(({answered}) => answered!.status)).toEqual([400]);
  expect(sending.errors.length).toBeGreaterThan(0);
  const [valid, invalid] = callsOf(sending);
  sent += 1;
  expect((await run.arrived(STREAM, sent)).filter(({value}) => value === valid)).toHaveLength(1);
  const rejected = await run.arrived(`${STREAM}.rejected`, 1);
  expect(rejected.map(({value}) => value)).toEqual([invalid]);
});

test('a wrong key is told to the library once', async () => {
  const writeKey = `${run.ingestKey.slice(0, -8)}00000000`;
  const sending = await sendWith((analytics) => track(analytics, ['j']), {writeKey});
  expect(sending.attempts.map(({answered}) => answered!.status)).toEqual([401]);
  expect(sending.errors.length).toBeGreaterThan(0);
});

test('no key is in Kafka', async () => {
  const response = await fetch(`${run.url}/v1/track`, {
    method: 'POST',
    body: `{"userId":"ada", "writeKey":"${run.ingestKey}" ,"type":"track","event":"k"}`,
    headers: {'content-type': 'application/json'},
  });
  expect(response.status).toBe(200);
  sent += 1;
  const records = await run.arrived(STREAM, sent);
  expect(records.map(({value}) => value)).toContain('{"userId":"ada","type":"track","event":"k"}');
  const rejected = await run.arrived(`${STREAM}.rejected`, 1);
  expect(JSON.stringify([...records, ...rejected])).not.toContain(run.ingestKey);
});
