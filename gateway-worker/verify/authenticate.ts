import {Problem, retryAfter} from '../answer/problem.ts';
import type {Gateway} from '../gateway.ts';
import {RETRY_AFTER_LONG_S} from '../limits.ts';
import type {RequestScope} from '../request-scope.ts';
import type {Grant} from './grant.ts';

/** What a sender shows, wherever its dialect puts it. */
export interface Credentials {
  /** API key, device token or JWT; `null` when there is none. */
  readonly token: string | null;
}

/** The token of `Authorization: Bearer TOKEN`; `null` for anything else. */
export function bearerToken(headers: Headers): string | null {
  return /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1] ?? null;
}

/** @throws Problem `unauthenticated`, the same for missing, malformed, unknown, expired or wrong credentials */
export async function authenticate(
  gateway: Gateway,
  {token}: Credentials,
  {env}: RequestScope,
): Promise<Grant> {
  const keys = gateway.keys(env);
  if (keys.problem !== null)
    throw new Problem('not-configured', 'the gateway has no usable keys; see GET /ready', {
      headers: retryAfter(RETRY_AFTER_LONG_S),
    });
  const grant = token === null ? null : await keys.verify(token);
  if (grant !== null) return grant;
  throw new Problem(
    'unauthenticated',
    'send Authorization: Bearer KEY with a key of this gateway',
    {headers: {'www-authenticate': 'Bearer realm="forebay"'}},
  );
}
