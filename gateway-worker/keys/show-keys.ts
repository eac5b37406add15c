import {KEYS_PAGE_DEFAULT, KEYS_PAGE_MAX} from '../../src/protocol/keys.ts';
import type {KeyList, KeyView} from '../../src/protocol/keys.ts';
import {queryInteger} from '../admin/query-integer.ts';
import {Problem} from '../answer/problem.ts';
import {param} from '../route.ts';
import type {Call} from '../route.ts';
import type {EnvironmentKey} from '../verify/key-ring.ts';
import {callKeys} from './call-keys.ts';
import type {ListedKey} from './keys-protocol.ts';
import {keyView} from './stored-key.ts';

export async function listKeys(call: Call): Promise<Response> {
  const {gateway, request, scope} = call;
  const {searchParams} = new URL(request.url);
  const afterRow = queryInteger(searchParams, 'cursor', {
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    or: 0,
  });
  const limit = queryInteger(searchParams, 'limit', {
    min: 1,
    max: KEYS_PAGE_MAX,
    or: KEYS_PAGE_DEFAULT,
  });
  const page = await callKeys(call, (keys) => keys.page(afterRow, limit));
  const fromEnvironment =
    afterRow === 0 ? gateway.keys(scope.env).environmentKeys.map(environmentView) : [];
  const list: KeyList = {
    keys: [...fromEnvironment, ...page.keys.map((listed) => viewOf(call, listed))],
    cursor: page.afterRow === null ? null : String(page.afterRow),
  };
  return Response.json(list);
}

export async function showKey(call: Call): Promise<Response> {
  const id = param(call, 'id');
  const own = call.gateway.keys(call.scope.env).environmentKeys.find((entry) => entry.id === id);
  if (own !== undefined) return Response.json(environmentView(own));
  return Response.json(viewOf(call, await findKey(call, id)));
}

/** @throws Problem `not-found` */
export async function findKey(call: Call, id: string): Promise<ListedKey> {
  const listed = await callKeys(call, (keys) => keys.find(id));
  if (listed === null) throw new Problem('not-found', 'there is no such key');
  return listed;
}

function viewOf({gateway}: Call, {key, lastUsedMs}: ListedKey): KeyView {
  return keyView(key, {nowMs: gateway.nowMs(), lastUsedMs});
}

function environmentView({id, scopes, quota}: EnvironmentKey): KeyView {
  return {
    id,
    source: 'environment',
    environment: null,
    description: '',
    scopes,
    quota: quota ?? null,
    secrets: [],
    createdAt: null,
    createdBy: null,
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
  };
}
