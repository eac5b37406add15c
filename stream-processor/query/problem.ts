import type {Context} from 'hono';

/** What can be wrong with a query; `urn:forebay:problem:<code>` (RFC 9457). */
export type QueryProblem =
  | {readonly code: 'not-found'; readonly detail: string}
  | {readonly code: 'invalid-parameter'; readonly detail: string}
  | {readonly code: 'too-many-rows'; readonly detail: string}
  | {readonly code: 'restoring'; readonly detail: string}
  | {readonly code: 'not-local'; readonly detail: string};

const TITLES = {
  'not-found': [404, 'There is no such view'],
  'invalid-parameter': [400, 'A parameter is not valid'],
  'too-many-rows': [400, 'The range has too many rows for a live query'],
  restoring: [503, 'The state is being restored'],
  'not-local': [503, 'Another replica answers for this'],
} as const;
const RETRY_AFTER_S = '1';

export function problemResponse(c: Context, {code, detail}: QueryProblem): Response {
  const [status, title] = TITLES[code];
  const headers: Record<string, string> = {'content-type': 'application/problem+json'};
  if (status === 503) headers['retry-after'] = RETRY_AFTER_S;
  const body = {type: `urn:forebay:problem:${code}`, title, status, detail};
  return c.body(JSON.stringify(body), status, headers);
}
