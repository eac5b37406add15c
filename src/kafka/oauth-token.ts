/** Bearer tokens from an authorization server: OAuth 2.0 client credentials grant (RFC 6749 §4.4). */
import {ForebayError, toError} from '../lib/errors.ts';

export interface OauthClient {
  readonly tokenUrl: URL;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Space-separated (RFC 6749 §3.3). */
  readonly scope?: string | undefined;
}

interface Token {
  readonly value: string;
  /** From then on a new one is fetched. */
  readonly staleAtMs: number;
}

/** Of one fetch, its answer's body included. A broker waits for an authentication much longer. */
const FETCH_DEADLINE_MS = 10_000;
/** A token is not used in this last part of its life, so that it is still good when the broker looks at it. */
const RESERVED_LIFE = 0.2;
/** Where the server does not say (`expires_in` is only recommended, RFC 6749 §5.1). */
const DEFAULT_LIFE_S = 60;
const MAX_ANSWER_CHARACTERS = 65_536;

/**
 * A source of tokens for one client. A token is kept until shortly before it expires, and calls that come while one is
 * being fetched share it: a reconnect of many connections is one request.
 *
 * What it gives rejects with `KAFKA_TOKEN_FAILED`; not retryable when the server says the client itself is wrong.
 */
export function oauthTokens(
  client: OauthClient,
  now: () => number = Date.now,
): () => Promise<string> {
  let token: Token | undefined;
  let fetching: Promise<Token> | undefined;
  return async () => {
    if (token !== undefined && now() < token.staleAtMs) return token.value;
    fetching ??= fetchToken(client, now).finally(() => {
      fetching = undefined;
    });
    token = await fetching;
    return token.value;
  };
}

async function fetchToken(client: OauthClient, now: () => number): Promise<Token> {
  const askedAtMs = now();
  const {status, text} = await askServer(client).catch((error: unknown) => {
    throw tokenFailed(client, `cannot be reached: ${toError(error).message}`, {
      isRetryable: true,
      cause: error,
    });
  });
  const answer = parseAnswer(text);
  const value = answer['access_token'];
  if (status !== 200 || typeof value !== 'string' || value === '') {
    const reason = [answer['error'], answer['error_description']]
      .filter((part) => typeof part === 'string')
      .join(': ');
    throw tokenFailed(client, `answered ${status} without a token${reason && ` (${reason})`}`, {
      // 408 and 429 are about the moment, other 4xx about what was asked.
      isRetryable: status >= 500 || status === 408 || status === 429,
    });
  }
  const lifeS = Number(answer['expires_in'] ?? DEFAULT_LIFE_S);
  const usableS = Number.isFinite(lifeS) && lifeS > 0 ? lifeS * (1 - RESERVED_LIFE) : 0;
  return {value, staleAtMs: askedAtMs + usableS * 1_000};
}

async function askServer(client: OauthClient): Promise<{status: number; text: string}> {
  const form = new URLSearchParams({grant_type: 'client_credentials'});
  if (client.scope !== undefined && client.scope !== '') form.set('scope', client.scope);
  const response = await fetch(client.tokenUrl, {
    method: 'POST',
    headers: {authorization: basicCredentials(client), accept: 'application/json'},
    body: form,
    // A redirect would carry the secret to another place.
    redirect: 'error',
    signal: AbortSignal.timeout(FETCH_DEADLINE_MS),
  });
  return {status: response.status, text: await response.text()};
}

/** Id and secret are form-encoded before they become a user name and a password (RFC 6749 §2.3.1). */
function basicCredentials({clientId, clientSecret}: OauthClient): string {
  const [id, secret] = [formEncoded(clientId), formEncoded(clientSecret)];
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
}

function formEncoded(text: string): string {
  return new URLSearchParams({'': text}).toString().slice(1);
}

function parseAnswer(text: string): Readonly<Record<string, unknown>> {
  if (text.length > MAX_ANSWER_CHARACTERS) return {};
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' && answer !== null ? {...answer} : {};
  } catch {
    return {};
  }
}

function tokenFailed(
  {tokenUrl}: OauthClient,
  what: string,
  how: {readonly isRetryable: boolean; readonly cause?: unknown},
): ForebayError {
  return new ForebayError({
    code: 'KAFKA_TOKEN_FAILED',
    message: `the token endpoint ${tokenUrl.origin}${tokenUrl.pathname} ${what}`,
    hint: 'check KAFKA_SASL_OAUTH_TOKEN_URL, and KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD: client id and secret',
    ...how,
  });
}
