import {KeyList, KeyView, MadeKey} from '../../src/protocol/keys.ts';
import type {CreateKeyRequest, RotateKeyRequest} from '../../src/protocol/keys.ts';
import {usageError} from '../cli-error.ts';
import {gatewayRequest} from '../gateway-request.ts';
import type {Verb, VerbCall, VerbResult} from '../verb.ts';

/** A registry has at most 10,000 keys; this many pages hold them all. */
const MAX_PAGES = 100;

const actions: Readonly<Record<string, (call: VerbCall) => Promise<VerbResult>>> = {
  create,
  list,
  show,
  rotate,
  revoke,
};

export const key: Verb = {
  name: 'key',
  summary: 'API keys: make, list, rotate and revoke them.',
  usage: [
    'create --scope SCOPE [--scope SCOPE] [--description TEXT] [--quota EVENTS_PER_S:BURST] [--expires TIME]',
    'list',
    'show ID',
    'rotate ID [--overlap SECONDS]',
    'revoke ID',
  ],
  options: {
    scope: {
      type: 'string',
      multiple: true,
      value: 'SCOPE',
      description: 'ingest:write:STREAM, ingest:write:*, read:query, drain or admin',
    },
    description: {type: 'string', value: 'TEXT', description: 'whose key it is and what for'},
    environment: {type: 'string', value: 'NAME', description: 'a part of the key people see; live'},
    quota: {type: 'string', value: 'N:M', description: 'N events a second, M at once'},
    expires: {type: 'string', value: 'TIME', description: 'when the key ends (RFC 3339)'},
    overlap: {
      type: 'string',
      value: 'SECONDS',
      description: 'how long the secret before lives on after a rotation; a day',
    },
  },
  run(call) {
    const [name = ''] = call.positionals;
    const action = actions[name];
    if (action === undefined || !Object.hasOwn(actions, name))
      throw usageError('key', `say one of ${Object.keys(actions).join(', ')}`);
    return action(call);
  },
};

async function create({options, settings}: VerbCall): Promise<VerbResult> {
  const {scope, description, environment, quota, expires} = options as Options;
  if (scope === undefined) throw usageError('key', 'give the key at least one --scope');
  const request: CreateKeyRequest = {
    scopes: [...scope],
    ...(description === undefined ? {} : {description}),
    ...(environment === undefined ? {} : {environment}),
    ...(quota === undefined ? {} : {quota: quotaOf(quota)}),
    ...(expires === undefined ? {} : {expiresAt: expires}),
  };
  return made(await ask(settings, {method: 'POST', path: '', json: request}));
}

async function list({settings}: VerbCall): Promise<VerbResult> {
  const keys: KeyView[] = [];
  let cursor: string | null = null;
  for (let page = 0; page === 0 || (cursor !== null && page < MAX_PAGES); page += 1) {
    const query: string = cursor === null ? '' : `?cursor=${encodeURIComponent(cursor)}`;
    const answer = KeyList.parse(await ask(settings, {method: 'GET', path: query}));
    keys.push(...answer.keys);
    cursor = answer.cursor;
  }
  return {json: {keys}, lines: keys.length === 0 ? ['there is no key'] : keys.map(lineOf)};
}

async function show(call: VerbCall): Promise<VerbResult> {
  const view = KeyView.parse(await ask(call.settings, {method: 'GET', path: pathOf(call)}));
  return {json: view, lines: JSON.stringify(view, undefined, 2).split('\n')};
}

async function rotate(call: VerbCall): Promise<VerbResult> {
  const {overlap} = call.options as Options;
  const overlapSeconds = Number(overlap);
  if (overlap !== undefined && !Number.isInteger(overlapSeconds))
    throw usageError('key', '--overlap is a whole number of seconds');
  const json: RotateKeyRequest = overlap === undefined ? {} : {overlapSeconds};
  return made(await ask(call.settings, {method: 'POST', path: `${pathOf(call)}/rotate`, json}));
}

async function revoke(call: VerbCall): Promise<VerbResult> {
  const path = pathOf(call);
  const json = await ask(call.settings, {method: 'DELETE', path});
  return {json, lines: [`${call.positionals[1]!} is revoked`]};
}

interface Options {
  readonly scope?: readonly string[];
  readonly description?: string;
  readonly environment?: string;
  readonly quota?: string;
  readonly expires?: string;
  readonly overlap?: string;
}

interface KeyRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** After `/admin/v1/keys`. */
  readonly path: string;
  readonly json?: unknown;
}

async function ask(
  {gatewayUrl, adminKey}: VerbCall['settings'],
  {method, path, json}: KeyRequest,
): Promise<unknown> {
  const url = `${gatewayUrl}/admin/v1/keys${path}`;
  return (await gatewayRequest({url, method, key: adminKey(), json})).json;
}

function pathOf({positionals}: VerbCall): string {
  const [, id, ...more] = positionals;
  if (id === undefined || more.length > 0)
    throw usageError('key', 'name one key by its id (forebay key list)');
  return `/${encodeURIComponent(id)}`;
}

function quotaOf(text: string): {eventsPerSecond: number; burst: number} {
  const match = /^(\d+(?:\.\d+)?):(\d+)$/.exec(text);
  if (match === null) throw usageError('key', '--quota is EVENTS_PER_S:BURST, like 100:1000');
  return {eventsPerSecond: Number(match[1]), burst: Number(match[2])};
}

function made(answer: unknown): VerbResult {
  const view = MadeKey.parse(answer);
  return {
    json: view,
    lines: [
      view.key,
      `id ${view.id}, ${view.scopes.join(' ')}`,
      'Keep it now: it is not shown again.',
    ],
  };
}

function lineOf({id, scopes, description, lastUsedAt, revokedAt, source}: KeyView): string {
  const state =
    revokedAt === null ? (source === 'environment' ? 'environment' : 'live') : 'revoked';
  return [
    id,
    state,
    scopes.join(' '),
    `last used ${lastUsedAt ?? (source === 'environment' ? 'unknown' : 'never')}`,
    description,
  ].join('  ');
}
