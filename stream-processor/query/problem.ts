import type {Context} from 'hono';

const TITLES = {
  'not-found': [404, 'There is no such view'],
  'invalid-parameter': [400, 'A parameter is not valid'],
  'sql-invalid': [400, 'The statement cannot be run'],
  'too-many-rows': [400, 'There are too many rows for one answer'],
  'sql-timeout': [408, 'The statement took too long'],
  'replay-too-long': [400, 'The log is too long to be replayed for one answer'],
  'too-many-queries': [503, 'Too many queries of this kind run now'],
  restoring: [503, 'The state is being restored'],
  'not-local': [503, 'Another replica answers for this'],
  'owner-away': [503, 'The replica that answers for this is away'],
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

export function problemResponse(c: Context, {code, detail}: QueryProblem): Response {
  const [status, title] = TITLES[code];
  const headers: Record<string, string> = {'content-type': 'application/problem+json'};
  if (status === 503) headers['retry-after'] = RETRY_AFTER_S;
  const body = {type: `urn:forebay:problem:${code}`, title, status, detail};
  return c.body(JSON.stringify(body), status, headers);
}
