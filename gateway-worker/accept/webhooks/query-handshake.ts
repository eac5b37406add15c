import type {QueryHandshake} from '../../../src/define/webhook-scheme.ts';
import {Problem} from '../../answer/problem.ts';
import {readSecret} from '../../env.ts';
import type {Call} from '../../route.ts';
import {canVerify} from '../../verify/webhook-secrets.ts';
import type {SecretOf} from '../../verify/webhook-signature.ts';
import {matchingSecret} from '../../verify/webhook-token.ts';
import {handshakeAnswer} from './handshake-answer.ts';
import {notConfigured} from './not-configured.ts';
import type {WebhookEntry} from './webhook-sources.ts';

/**
 * What a provider asks in the URL before it delivers; `null` when the request asks nothing. Nothing of it is stored or
 * counted.
 * @throws Problem `forbidden` when it does not know the word both sides must know
 */
export async function queryHandshake(
  {scheme}: WebhookEntry,
  {request, scope}: Pick<Call, 'request' | 'scope'>,
): Promise<Response | null> {
  const handshake = scheme.handshakes?.find(
    (each): each is QueryHandshake => each.kind === 'query' && each.method === request.method,
  );
  if (handshake === undefined) return null;
  const query = new URL(request.url).searchParams;
  // A delivery may come by the same method.
  if (request.method === 'POST' && !query.has(handshake.token)) return null;
  const secretOf: SecretOf = (name) => readSecret(scope.env, name);
  const secret = answeringSecret(scheme, secretOf);
  if (secret === null || !canVerify(scheme, secretOf)) throw notConfigured();
  await checkAsker(handshake, query, secretOf);
  return handshakeAnswer(handshake.answer, {token: onlyValue(query, handshake.token), secret});
}

async function checkAsker(
  {require, verify}: QueryHandshake,
  query: URLSearchParams,
  secretOf: SecretOf,
): Promise<void> {
  const isAsked = require === undefined || onlyValue(query, require.param) === require.is;
  if (!isAsked) throw new Problem('forbidden', `${require.param} must be ${require.is}`);
  if (verify === undefined) return;
  if (verify.secrets.every(({secret}) => secretOf(secret) === null)) throw notConfigured();
  const word = onlyValue(query, verify.param) ?? '';
  if ((await matchingSecret(word, verify.secrets, secretOf)) === null)
    throw new Problem('forbidden', `${verify.param} is not the one of this source`);
}

/** Given twice, nobody can tell which one counts. */
function onlyValue(query: URLSearchParams, name: string): string | null {
  const values = query.getAll(name);
  return values.length === 1 ? values[0]! : null;
}

/** The first live one: which of several a provider has in mind is nowhere said. */
function answeringSecret({proof}: WebhookEntry['scheme'], secretOf: SecretOf): string | null {
  const names =
    proof.kind === 'token' ? proof.secrets : proof.versions.flatMap(({secrets}) => secrets);
  for (const {secret: name} of names) {
    const secret = secretOf(name);
    if (secret !== null) return secret;
  }
  return null;
}
