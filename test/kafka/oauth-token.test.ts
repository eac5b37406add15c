import {afterEach, expect, test} from 'vitest';
import {oauthTokens} from '../../src/kafka/oauth-token.ts';
import {startTokenServer, type TokenAnswer, type TokenServer} from '../support/token-server.ts';

let server: TokenServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** A server whose answers are numbered tokens, and a client of it with a clock of its own. */
async function newClient(answer?: (count: number) => TokenAnswer) {
  let count = 0;
  const started = await startTokenServer(() => {
    count++;
    return answer?.(count) ?? tokenAnswer(`token-${count}`);
  });
  server = started;
  const clock = {nowMs: 1_000};
  const client = {
    tokenUrl: started.url,
    clientId: 'drain:1',
    clientSecret: 'a b+c/ü',
    scope: 'x y',
  };
  return {started, clock, token: oauthTokens(client, () => clock.nowMs)};
}

function tokenAnswer(token: string): TokenAnswer {
  const body = {access_token: token, token_type: 'Bearer', expires_in: 100};
  return {status: 200, body: JSON.stringify(body)};
}

test('a token is asked for as RFC 6749 says: a form, and the client as user and password', async () => {
  const {started, token} = await newClient();
  expect(await token()).toBe('token-1');
  const [request] = started.requests;
  expect([...(request?.form ?? [])]).toEqual([
    ['grant_type', 'client_credentials'],
    ['scope', 'x y'],
  ]);
  const credentials = Buffer.from('drain%3A1:a+b%2Bc%2F%C3%BC').toString('base64');
  expect(request?.headers.authorization).toBe(`Basic ${credentials}`);
});

test('a token is kept until shortly before it expires, and many who need one share one request', async () => {
  const {started, clock, token} = await newClient();
  expect(await Promise.all([token(), token(), token()])).toEqual(['token-1', 'token-1', 'token-1']);
  clock.nowMs += 79_000;
  expect(await token()).toBe('token-1');
  clock.nowMs += 2_000;
  expect(await token()).toBe('token-2');
  expect(started.requests).toHaveLength(2);
});

test.each([
  [401, '{"error": "invalid_client"}', 'invalid_client', false],
  [503, 'try later', '503', true],
  [200, '{}', 'without a token', false],
  [200, 'no JSON', 'without a token', false],
])('an answer of %i %s is a failure that says %s', async (status, body, words, isRetryable) => {
  const {token} = await newClient(() => ({status, body}));
  await expect(token()).rejects.toMatchObject({
    code: 'KAFKA_TOKEN_FAILED',
    isRetryable,
    message: expect.stringContaining(words),
    hint: expect.stringContaining('KAFKA_SASL_OAUTH_TOKEN_URL'),
  });
});

test('after a failure the next call asks again', async () => {
  const {token} = await newClient((count) =>
    count === 1 ? {status: 500, body: ''} : tokenAnswer('later'),
  );
  await expect(token()).rejects.toMatchObject({isRetryable: true});
  expect(await token()).toBe('later');
});

test('a server that is not there is a failure to try again', async () => {
  const {started, token} = await newClient();
  await started.close();
  server = undefined;
  await expect(token()).rejects.toMatchObject({code: 'KAFKA_TOKEN_FAILED', isRetryable: true});
});
