import type {Context} from 'hono';

const TITLES = {
  'not-found': [404, 'There is no such view'],
  'no-such-route': [404, 'There is nothing at this address'],
  'too-large': [413, 'The request is too large'],
  'invalid-parameter': [400, 'A parameter is not valid'],
  'sql-invalid': [400, 'The statement cannot be run'],
  'too-many-rows': [400, 'There are too many rows for one answer'],
  'sql-timeout': [408, 'The statement took too long'],
  'replay-too-long': [400, 'The log is too long to be replayed for one answer'],
  'too-many-queries': [503, 'Too many queries of this kind run now'],
  restoring: [503, 'The state is being restored'],
  'not-local': [503, 'Another replica answers for this'],
  'owner-away': [503, 'The replica that answers for this is away'],
  internal: [500, 'The processor failed to answer'],
} as const;
const RETRY_AFTER_S = '1';

/** What can be wrong with a query; `urn:forebay:problem:<code>` (RFC 9457). */
export interface QueryProblem {
  readonly code: keyof typeof TITLES;
  readonly detail: string;
}

/** A query that has no answer; a route turns it into the response. */
export class QueryFailed extends Error {
  override readonly name = 'QueryFailed';
  readonly problem: QueryProblem;

  constructor(problem: QueryProblem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** Of a picture that is kept up to date. */
export function tooManyRows(limit: number): QueryFailed {
  const detail = `more than ${limit} rows; narrow it by key, from or to`;
  return new QueryFailed({code: 'too-many-rows', detail});
}

export function problemResponse(c: Context, {code, detail}: QueryProblem): Response {
  const [status, title] = TITLES[code];
  const headers: Record<string, string> = {'content-type': 'application/problem+json'};
  if (status === 503) headers['retry-after'] = RETRY_AFTER_S;
  const body = {type: `urn:forebay:problem:${code}`, title, status, detail};
  return c.body(JSON.stringify(body), status, headers);
}
