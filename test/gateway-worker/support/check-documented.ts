/** Holds real answers against what the routes' operations, and so `/openapi.json`, say of them. */
import type * as z from 'zod';
import {PROBLEMS} from '../../../gateway-worker/answer/problem.ts';
import type {ProblemCode} from '../../../gateway-worker/answer/problem.ts';
import {ACCESS_PROBLEMS} from '../../../gateway-worker/openapi/access-problems.ts';
import type {Answer} from '../../../gateway-worker/openapi/operation.ts';
import type {Route} from '../../../gateway-worker/route.ts';
import {routes} from '../../../gateway-worker/routes.ts';

const PROBLEM_TYPE = 'application/problem+json';
const PROBLEM_URN = 'urn:forebay:problem:';
/** What the application answers where no route is. */
const NO_ROUTE: readonly ProblemCode[] = ['not-found', 'method-not-allowed'];

const matchers = routes.map((route) => ({
  route,
  pattern: new RegExp(`^${route.path.replaceAll(/:[A-Za-z]+/g, '[^/]+')}$`),
}));

/** The route of a request; `null` when it has none. */
export function routeOf({method, url}: Pick<Request, 'method' | 'url'>): Route | null {
  const {pathname} = new URL(url);
  return (
    matchers.find(({route, pattern}) => route.method === method && pattern.test(pathname))?.route ??
    null
  );
}

/**
 * The body is read, so give it a clone.
 * @throws when the answer is none of those the route describes: another status, type, body or problem
 */
export async function checkDocumented(route: Route | null, response: Response): Promise<void> {
  const answer = route?.operation.answers[response.status];
  const wrong =
    route === null || answer === undefined
      ? await wrongProblem(route, response)
      : await wrongAnswer(answer, response);
  if (wrong === null) return;
  const name = route === null ? 'where no route is' : `${route.method} ${route.path}`;
  throw new Error(`not as documented: ${name} answers ${response.status}, ${wrong}`);
}

async function wrongProblem(route: Route | null, response: Response): Promise<string | null> {
  const type = mediaTypeOf(response);
  const text = await response.text();
  if (type !== PROBLEM_TYPE) return `which is in no answer, as ${type}: ${text.slice(0, 300)}`;
  const body = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const code = String(body['type']).replace(PROBLEM_URN, '') as ProblemCode;
  const known =
    route === null
      ? NO_ROUTE
      : [...(route.operation.problems ?? []), ...ACCESS_PROBLEMS[route.access]];
  if (!known.includes(code)) return `which is not among its problems: ${text.slice(0, 300)}`;
  const [status, title] = PROBLEMS[code];
  const isWhole =
    body['status'] === status && body['title'] === title && response.status === status;
  return isWhole ? null : `another status or title than its code has: ${text.slice(0, 300)}`;
}

async function wrongAnswer(
  {contentType, alsoAs = [], schema}: Answer,
  response: Response,
): Promise<string | null> {
  if (response.status === 101) return null;
  const type = mediaTypeOf(response);
  const text = await response.text();
  if (contentType === '*/*' || alsoAs.includes(type)) return null;
  const expected = contentType ?? (schema === undefined ? '' : 'application/json');
  if (type !== expected) return `as “${type}” and not “${expected}”: ${text.slice(0, 300)}`;
  if (schema !== undefined) return wrongBody(schema, text);
  return expected === '' && text !== '' ? `with a body: ${text.slice(0, 300)}` : null;
}

/** One JSON text, or one a line. */
function wrongBody(schema: z.ZodType, text: string): string | null {
  const lines = text.includes('\n') ? text.trimEnd().split('\n') : [text];
  for (const line of lines) {
    const parsed = schema.safeParse(JSON.parse(line));
    if (!parsed.success) return `${parsed.error.message}: ${line.slice(0, 300)}`;
  }
  return null;
}

function mediaTypeOf({headers}: Response): string {
  return (headers.get('content-type') ?? '').split(';', 1)[0]!;
}
