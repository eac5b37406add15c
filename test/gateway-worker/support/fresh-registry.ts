import type {Env} from '../../../gateway-worker/env.ts';
import type {KeysObject} from '../../../gateway-worker/keys/keys-object.ts';
import {KeyList, KeyView, MadeKey} from '../../../src/protocol/keys.ts';
import type {CreateKeyRequest} from '../../../src/protocol/keys.ts';
import {bindings, testApp} from './test-gateway.ts';
import type {TestApp} from './test-gateway.ts';

export interface FreshRegistry {
  /** A new one each time: one that saw the object die is broken. */
  readonly stub: DurableObjectStub<KeysObject>;
  /** Of all gateways over it. */
  readonly calls: () => number;
  readonly setAway: (isAway: boolean) => void;
  /** A gateway with an isolate's memory of its own. */
  readonly app: (options?: Parameters<typeof testApp>[0]) => Promise<AdminApp>;
}

export interface AdminApp extends TestApp {
  readonly admin: (method: string, path: string, body?: unknown) => Promise<Response>;
  readonly create: (request: CreateKeyRequest) => Promise<MadeKey>;
  readonly rotate: (id: string, overlapSeconds?: number) => Promise<MadeKey>;
  readonly revoke: (id: string) => Promise<KeyView>;
  readonly list: () => Promise<KeyList>;
  /** The status of an event sent with this key. */
  readonly sendWith: (key: string) => Promise<number>;
}

/** A key registry nobody used before, that counts the calls to it and may be away. */
export function freshRegistry(): FreshRegistry {
  const name = `keys-${crypto.randomUUID()}`;
  let calls = 0;
  let isAway = false;
  const namespace: Pick<Env['KEYS'], 'getByName'> = {
    getByName: () => {
      calls += 1;
      if (isAway) throw new Error('the registry is away');
      return bindings.KEYS.getByName(name);
    },
  };
  return {
    get stub() {
      return bindings.KEYS.getByName(name);
    },
    calls: () => calls,
    setAway: (value) => {
      isAway = value;
    },
    app: async (options = {}) =>
      adminApp(await testApp({...options, extraEnv: {KEYS: namespace, ...options.extraEnv}})),
  };
}

function adminApp(app: TestApp): AdminApp {
  const admin: AdminApp['admin'] = (method, path, body) =>
    app.fetch(path, {
      method,
      headers: {
        authorization: `Bearer ${app.keys.admin}`,
        ...(body === undefined ? {} : {'content-type': 'application/json'}),
      },
      ...(body === undefined ? {} : {body: JSON.stringify(body)}),
    });
  return {
    ...app,
    admin,
    create: async (request) =>
      MadeKey.parse(await okJson(await admin('POST', '/admin/v1/keys', request))),
    rotate: async (id, overlapSeconds) =>
      MadeKey.parse(
        await okJson(
          await admin(
            'POST',
            `/admin/v1/keys/${id}/rotate`,
            overlapSeconds === undefined ? undefined : {overlapSeconds},
          ),
        ),
      ),
    revoke: async (id) =>
      KeyView.parse(await okJson(await admin('DELETE', `/admin/v1/keys/${id}`))),
    list: async () => KeyList.parse(await okJson(await admin('GET', '/admin/v1/keys'))),
    sendWith: async (key) =>
      (await app.post('/v1/streams/keyless', {}, {authorization: `Bearer ${key}`})).status,
  };
}

async function okJson(response: Response): Promise<unknown> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status}: ${text}`);
  return JSON.parse(text);
}
