import type {Issue} from '../validate/issue.ts';

/**
 * Every way a request can fail, in one closed list: the code is the end of `urn:forebay:problem:<code>` and never changes
 * its meaning. RFC 9457.
 */
export const PROBLEMS = {
  'malformed-json': [400, 'The body is not JSON'],
  'malformed-utf-8': [400, 'The body is not UTF-8'],
  'malformed-encoding': [400, 'The body cannot be decompressed'],
  'too-deep': [400, 'The JSON is nested too deeply'],
  'empty-batch': [400, 'There is no event in the body'],
  'invalid-idempotency-key': [400, 'The Idempotency-Key cannot be used'],
  'invalid-request': [400, 'The request is not what this path takes'],
  'invalid-cloudevent': [400, 'This is no CloudEvent that can be taken'],
  'invalid-delivery': [400, 'The delivery cannot be used'],
  unauthenticated: [401, 'Credentials are missing or wrong'],
  'bad-signature': [401, 'The signature is missing or wrong'],
  forbidden: [403, 'These credentials may not do this'],
  'not-found': [404, 'There is nothing here'],
  'method-not-allowed': [405, 'This method is not for this path'],
  'body-timeout': [408, 'The body did not come in time'],
  conflict: [409, 'This is not possible as things are'],
  'idempotency-key-in-flight': [409, 'A request with this Idempotency-Key is still being handled'],
  'request-too-large': [413, 'The request is too large'],
  'event-too-large': [413, 'The event is too large'],
  'too-many-events': [413, 'There are too many events in the request'],
  'unsupported-media-type': [415, 'This media type is not understood here'],
  'unsupported-encoding': [415, 'This content encoding is not understood here'],
  'invalid-events': [422, 'No event of the request is valid'],
  'idempotency-key-reused': [422, 'This Idempotency-Key came with another body before'],
  'upgrade-required': [426, 'This path speaks WebSocket'],
  'quota-exceeded': [429, 'This key has sent more than its quota'],
  'stream-quota-exceeded': [429, 'This stream has received more than its quota'],
  unavailable: [503, 'The events cannot be stored now'],
  'not-configured': [503, 'The gateway is not configured for this'],
} as const satisfies Readonly<Record<string, readonly [status: number, title: string]>>;

export type ProblemCode = keyof typeof PROBLEMS;

export interface ProblemOptions {
  /** For a person: what about this request, and what to do. */
  readonly detail: string;
  readonly errors?: readonly Issue[];
  /** Further members of the body. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The one place where a problem's body is made. */
export function problemResponse(code: ProblemCode, options: ProblemOptions): Response {
  const [status, title] = PROBLEMS[code];
  const {detail, errors, extensions, headers} = options;
  const body = {
    type: `urn:forebay:problem:${code}`,
    title,
    status,
    detail,
    ...(errors === undefined ? {} : {errors}),
    ...extensions,
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: {'content-type': 'application/problem+json', ...headers},
  });
}

/** Thrown where a request is found wanting; the application's one error handler answers it. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly options: ProblemOptions;

  constructor(code: ProblemCode, detail: string, options: Omit<ProblemOptions, 'detail'> = {}) {
    super(`${code}: ${detail}`);
    this.code = code;
    this.options = {...options, detail};
  }

  toResponse(): Response {
    return problemResponse(this.code, this.options);
  }
}

export function retryAfter(seconds: number): Readonly<Record<string, string>> {
  return {'retry-after': String(Math.max(1, Math.ceil(seconds)))};
}
