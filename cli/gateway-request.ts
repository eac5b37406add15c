import {toError} from '../src/lib/errors.ts';
import {CliError} from './cli-error.ts';

const TIMEOUT_MS = 30_000;

/** Not what was asked for, but told event by event: none is valid, none could be stored. */
export const TOLD_BY_EVENT: readonly number[] = [422, 503];

export interface GatewayRequest {
  readonly url: string;
  readonly method?: 'GET' | 'POST' | 'DELETE';
  /** API key; without it the request has no credentials. */
  readonly key?: string;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface GatewayAnswer {
  readonly status: number;
  /** `null` for an empty body. */
  readonly json: unknown;
}

/**
 * One request to the gateway. Answers of these statuses come back, and every 2xx; the rest is an error in the words of
 * its problem.
 * @throws CliError
 */
export async function gatewayRequest(
  request: GatewayRequest,
  expected: readonly number[] = [],
): Promise<GatewayAnswer> {
  const response = await send(request);
  const text = await response.text();
  const json = parse(text);
  if (response.ok || expected.includes(response.status)) return {status: response.status, json};
  throw problemError(response.status, json);
}

async function send({url, method, key, json, body, headers}: GatewayRequest): Promise<Response> {
  try {
    return await fetch(url, {
      method: method ?? 'GET',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        ...(key === undefined ? {} : {authorization: `Bearer ${key}`}),
        ...(json === undefined ? {} : {'content-type': 'application/json'}),
        ...headers,
      },
      ...(json === undefined ? {} : {body: JSON.stringify(json)}),
      ...(body === undefined ? {} : {body: new Uint8Array(body)}),
    });
  } catch (error) {
    const {cause, message} = toError(error);
    throw new CliError(
      `${new URL(url).origin} does not answer: ${toError(cause ?? message).message}`,
      {
        next: 'npm start, or FOREBAY_GATEWAY_URL=https://… forebay …',
      },
    );
  }
}

function parse(text: string): unknown {
  try {
    return text === '' ? null : (JSON.parse(text) as unknown);
  } catch {
    return text;
  }
}

/** An error in the words of a problem. */
export function problemError(status: number, body: unknown): CliError {
  const {title, detail, errors} = (body ?? {}) as {
    title?: string;
    detail?: string;
    errors?: readonly {pointer: string; detail: string}[];
  };
  const issues = (errors ?? []).map((issue) => `${issue.pointer}: ${issue.detail}`);
  const words = [title, detail, ...issues].filter((part) => part !== undefined);
  return new CliError(`${status} ${words.join('; ')}`, {next: nextAfter(status)});
}

function nextAfter(status: number): string {
  if (status === 401 || status === 403)
    return 'set FOREBAY_KEY or FOREBAY_ADMIN_KEY to a key with that scope (forebay key list)';
  if (status === 404)
    return 'look at the name again: forebay key list, or GET /openapi.json for the streams';
  return status === 429 || status >= 500 ? 'the same again in a moment' : 'mend it and try again';
}
