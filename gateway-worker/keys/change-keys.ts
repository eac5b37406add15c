import {makeApiKey, hashApiKey} from '../../src/lib/api-key.ts';
import {CreateKeyRequest, RotateKeyRequest} from '../../src/protocol/keys.ts';
import type {KeyView, MadeKey} from '../../src/protocol/keys.ts';
import {readRequest} from '../admin/read-request.ts';
import {Problem} from '../answer/problem.ts';
import type {ProblemCode} from '../answer/problem.ts';
import {auditOriginOf} from '../audit/audit-origin.ts';
import {auditIsFull} from '../audit/record-audit.ts';
import {MAX_ISSUES} from '../limits.ts';
import {param} from '../route.ts';
import type {Call} from '../route.ts';
import {issue} from '../validate/issue.ts';
import {callKeys} from './call-keys.ts';
import {MAX_LIVE_KEYS} from './keys-protocol.ts';
import type {Changed, Refusal} from './keys-protocol.ts';
import {findKey} from './show-keys.ts';
import {keyView} from './stored-key.ts';

/** An answer with a key belongs to nobody but the one who asked. */
const NO_STORE = {'cache-control': 'no-store'};

export async function createKey(call: Call): Promise<Response> {
  const asked = await readRequest(call, CreateKeyRequest);
  const {gateway} = call;
  checkStreams(call, asked.scopes);
  const expiresMs = asked.expiresAt === undefined ? null : Date.parse(asked.expiresAt);
  if (expiresMs !== null && !(expiresMs > gateway.nowMs()))
    throw invalid([issue('in-the-past', 'a key ends in the future', ['expiresAt'])]);
  const {environment, description, scopes, quota = null} = asked;
  const {id, key} = makeApiKey({environment, random: gateway.randomBytes});
  const created = {
    id,
    hash: await hashApiKey(key),
    environment,
    description,
    scopes,
    quota,
    expiresMs,
  };
  const origin = auditOriginOf(call);
  const view = viewOf(
    call,
    await callKeys(call, async (keys): Promise<Changed> => keys.create({key: created, origin})),
  );
  return Response.json({...view, key} satisfies MadeKey, {
    status: 201,
    headers: {...NO_STORE, location: `/admin/v1/keys/${id}`},
  });
}

export async function rotateKey(call: Call): Promise<Response> {
  const {overlapSeconds} = hasBody(call.request)
    ? await readRequest(call, RotateKeyRequest)
    : RotateKeyRequest.parse({});
  const {
    key: {id, environment},
  } = await findKey(call, registryId(call));
  const {key} = makeApiKey({environment, random: call.gateway.randomBytes, id});
  const hash = await hashApiKey(key);
  const origin = auditOriginOf(call);
  const overlapMs = overlapSeconds * 1_000;
  const view = viewOf(
    call,
    await callKeys(call, async (keys): Promise<Changed> =>
      keys.rotate({id, hash, overlapMs, origin}),
    ),
  );
  return Response.json({...view, key} satisfies MadeKey, {headers: NO_STORE});
}

/** Clients say that there is none in either way (RFC 9110 §8.6). */
function hasBody({body, headers}: Request): boolean {
  return body !== null && headers.get('content-length') !== '0';
}

export async function revokeKey(call: Call): Promise<Response> {
  const id = registryId(call);
  const {environmentKeys} = call.gateway.keys(call.scope.env);
  const hasOtherAdmin = environmentKeys.some(({scopes}) => scopes.includes('admin'));
  const origin = auditOriginOf(call);
  const changed = await callKeys(call, async (keys): Promise<Changed> =>
    keys.revoke({id, hasOtherAdmin, origin}),
  );
  return Response.json(viewOf(call, changed));
}

/** @throws Problem `conflict` for a key from FOREBAY_KEYS */
function registryId(call: Call): string {
  const id = param(call, 'id');
  const {environmentKeys} = call.gateway.keys(call.scope.env);
  if (!environmentKeys.some((entry) => entry.id === id)) return id;
  throw new Problem('conflict', 'this key is from FOREBAY_KEYS; change it there');
}

/** A scope with a mistyped stream would be found by its first sender only. */
function checkStreams({gateway}: Call, scopes: readonly string[]): void {
  const issues = scopes.flatMap((scope, index) => {
    const stream = /^ingest:write:([^*]+)$/.exec(scope)?.[1];
    return stream === undefined || gateway.streams.has(stream)
      ? []
      : [issue('no-such-stream', `the pipeline has no stream ${stream}`, ['scopes', index])];
  });
  if (issues.length > 0) throw invalid(issues.slice(0, MAX_ISSUES));
}

function invalid(errors: readonly ReturnType<typeof issue>[]): Problem {
  return new Problem('invalid-request', 'mend what errors names', {errors});
}

/** This isolate knows of the change from here on. */
function viewOf({gateway, scope}: Call, changed: Changed): KeyView {
  if (changed.kind === 'refused') throw refusal(changed.reason);
  gateway.keys(scope.env).registry.learn(changed.copied);
  const {key, lastUsedMs} = changed.listed;
  return keyView(key, {nowMs: gateway.nowMs(), lastUsedMs});
}

const REFUSALS: Readonly<
  Record<Exclude<Refusal, 'audit-full'>, readonly [code: ProblemCode, detail: string]>
> = {
  unknown: ['not-found', 'there is no such key'],
  exists: ['conflict', 'the id that was drawn is taken; send the request again'],
  'too-many': ['conflict', `there are ${MAX_LIVE_KEYS} live keys; revoke one first`],
  'not-live': ['conflict', 'the key is revoked or has expired; make a new one'],
  'last-admin': [
    'conflict',
    'this is the last admin key, and FOREBAY_KEYS has none: nobody could make keys any more. Make another one first',
  ],
};

function refusal(reason: Refusal): Problem {
  return reason === 'audit-full' ? auditIsFull() : new Problem(...REFUSALS[reason]);
}
