import {DEVICE_TOKEN_PREFIX} from '../../src/lib/device-token.ts';
import {Problem, retryAfter} from '../answer/problem.ts';
import type {Gateway} from '../gateway.ts';
import {RETRY_AFTER_LONG_S} from '../limits.ts';
import type {RequestScope} from '../request-scope.ts';
import type {Grant} from './grant.ts';
import {isJwt} from './jwts.ts';
import {NOT_CONFIGURED} from './verdict.ts';
import type {Verdict} from './verdict.ts';

/** What a sender shows, wherever its dialect puts it. */
export interface Credentials {
  /** API key, device token or JWT; `null` when there is none. */
  readonly token: string | null;
  /** For the certificate of its connection, which counts when there is no token. */
  readonly request?: Request;
}

/** The token of `Authorization: Bearer TOKEN`; `null` for anything else. */
export function bearerToken(headers: Headers): string | null {
  return /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1] ?? null;
}

/**
 * @throws Problem `unauthenticated`, the same for missing, malformed, unknown, expired, revoked or wrong credentials;
 * `not-configured` when even right ones of their kind could not be told; `unavailable` when they cannot be told now
 */
export async function authenticate(
  gateway: Gateway,
  credentials: Credentials,
  scope: RequestScope,
): Promise<Grant> {
  const verdict = await verdictOf(gateway, credentials, scope);
  if (verdict !== null && verdict !== NOT_CONFIGURED) return verdict;
  if (verdict === NOT_CONFIGURED || lacksKeys(gateway, credentials, scope))
    throw new Problem('not-configured', 'the gateway has no usable keys; see GET /ready', {
      headers: retryAfter(RETRY_AFTER_LONG_S),
    });
  throw new Problem(
    'unauthenticated',
    'send Authorization: Bearer KEY with a key of this gateway, or what else the stream takes',
    {headers: {'www-authenticate': 'Bearer realm="forebay"'}},
  );
}

/** Every kind of token has a form of its own, so one verifier is asked and no other. */
function verdictOf(
  gateway: Gateway,
  {token, request}: Credentials,
  scope: RequestScope,
): Verdict | Promise<Verdict> {
  if (token === null)
    return request === undefined ? null : gateway.clientCertificates.verify(request, scope.env);
  if (token.startsWith(DEVICE_TOKEN_PREFIX)) return gateway.deviceTokens.verify(token, scope);
  if (isJwt(token)) return gateway.jwts.verify(token, scope);
  return gateway.keys(scope.env).verify(token, scope);
}

/** Whether the missing keys may be why these credentials were not known. */
function lacksKeys(gateway: Gateway, {token}: Credentials, {env}: RequestScope): boolean {
  if (gateway.keys(env).problem === null) return false;
  const {deviceTokens, jwts, clientCertificates} = gateway;
  if (token !== null) return !token.startsWith(DEVICE_TOKEN_PREFIX) && !isJwt(token);
  return ![deviceTokens, jwts, clientCertificates].some((verifier) => verifier.isConfigured(env));
}
