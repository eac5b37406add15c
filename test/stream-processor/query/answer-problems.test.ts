import {Hono} from 'hono';
import {expect, test} from 'vitest';
import {answerProblems} from '../../../stream-processor/query/answer-problems.ts';
import {QueryFailed} from '../../../stream-processor/query/problem.ts';

const logged: unknown[] = [];
const log = {error: (sentence: string, fields?: object) => void logged.push({sentence, ...fields})};
const app = answerProblems(new Hono(), log)
  .get('/broken/:key', () => {
    throw new Error('no luck');
  })
  .get('/away', () => {
    throw new QueryFailed({code: 'owner-away', detail: 'replica 2 is away'});
  })
  .post('/echo', async (c) => c.text(await c.req.text()));

async function ask(path: string, init?: RequestInit) {
  const response = await app.request(path, init);
  const problem = (await response.json()) as {type: string};
  return [response.status, response.headers.get('content-type'), problem.type];
}

const PROBLEM = 'application/problem+json';

test('what no route answers is a problem', async () => {
  expect(await ask('/v1/nothing')).toEqual([404, PROBLEM, 'urn:forebay:problem:no-such-route']);
  expect(await ask('/echo')).toEqual([404, PROBLEM, 'urn:forebay:problem:no-such-route']);
});

test('what a route throws is a problem, and the log has the reason without the address', async () => {
  expect(await ask('/away')).toEqual([503, PROBLEM, 'urn:forebay:problem:owner-away']);
  expect(logged).toEqual([]);
  expect(await ask('/broken/a-key')).toEqual([500, PROBLEM, 'urn:forebay:problem:internal']);
  expect(logged).toEqual([
    {sentence: 'a request failed', route: '/broken/:key', reason: 'no luck'},
  ]);
});

test('a body that is too large is not read, whether it says so or not', async () => {
  const body = 'x'.repeat(2_000_000);
  const tooLarge = [413, PROBLEM, 'urn:forebay:problem:too-large'];
  expect(await ask('/echo', {method: 'POST', body})).toEqual(tooLarge);
  const stream = new Blob([body]).stream();
  const init = {method: 'POST', body: stream, duplex: 'half'} as RequestInit;
  expect(await ask('/echo', init)).toEqual(tooLarge);
});
