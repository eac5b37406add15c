import {Validator} from '@seriousme/openapi-schema-validator';
import {Ajv2020} from 'ajv/dist/2020.js';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {startRealGateway} from '../../support/real-gateway.ts';
import type {RealGateway} from '../../support/real-gateway.ts';

interface Document extends Record<string, unknown> {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: object;
}

interface OperationObject {
  readonly requestBody?: {readonly content: Readonly<Record<string, {readonly schema?: object}>>};
  readonly responses: Readonly<
    Record<string, {readonly content?: Readonly<Record<string, {readonly schema?: object}>>}>
  >;
}

let gateway: RealGateway;
let document: Document;
beforeAll(async () => {
  gateway = await startRealGateway('src/pipeline.ts');
  document = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as Document;
});
afterAll(() => gateway.end());

test('the document is valid OpenAPI', async () => {
  const result = await new Validator().validate({...document});
  expect(result.errors).toBeUndefined();
  expect(result.valid).toBe(true);
});

test('every stream has its path with its JSON Schema, and the schema takes what the stream takes', () => {
  const operation = document.paths['/v1/streams/readings']!['post']!;
  const isValid = validatorOf(operation.requestBody!.content['application/json']!.schema!);
  const reading = {station: 'a', time: '2026-01-01T00:00:00Z', temperatureC: 1};
  expect(isValid(reading)).toBe(true);
  expect(isValid([reading, reading])).toBe(true);
  expect(isValid({station: 'a'})).toBe(false);
});

const KEYS = {none: undefined, wrong: 'fb_x', ingest: 'ingest', admin: 'admin'} as const;

test.each([
  [
    'POST',
    '/v1/streams/readings',
    'ingest',
    {station: 'a', time: '2026-01-01T00:00:00Z', temperatureC: 1},
  ],
  ['POST', '/v1/streams/readings', 'ingest', [{station: 'a'}]],
  ['POST', '/v1/streams/readings', 'ingest', 'not an event'],
  ['POST', '/v1/streams/readings', 'none', {}],
  ['POST', '/v1/streams/readings', 'admin', {}],
  ['GET', '/v1/streams/readings/schema', 'none', undefined],
  ['POST', '/v1/webhooks/github', 'none', {zen: 'unsigned'}],
  ['GET', '/admin/v1/shards', 'admin', undefined],
  ['GET', '/admin/v1/shards', 'ingest', undefined],
  ['GET', '/admin/v1/outcomes', 'admin', undefined],
  ['GET', '/admin/v1/keys', 'admin', undefined],
  ['POST', '/admin/v1/keys', 'admin', {scopes: ['admin']}],
  ['POST', '/admin/v1/keys', 'admin', {scopes: ['everything']}],
  ['POST', '/admin/v1/replay', 'admin', {}],
  ['GET', '/health', 'none', undefined],
  ['GET', '/ready', 'none', undefined],
  ['GET', '/metrics', 'wrong', undefined],
] as const)('%s %s as %s answers as the document says', async (method, path, who, body) => {
  const key = {...KEYS, ingest: gateway.ingestKey, admin: gateway.adminKey}[who];
  const response = await fetch(gateway.url + path, {
    method,
    headers: {
      ...(key === undefined ? {} : {authorization: `Bearer ${key}`}),
      ...(body === undefined ? {} : {'content-type': 'application/json'}),
    },
    ...(body === undefined ? {} : {body: JSON.stringify(body)}),
  });
  const operation = operationAt(method, path);
  const described = operation.responses[String(response.status)];
  expect(described, `status ${response.status} is described`).toBeDefined();
  const type = response.headers.get('content-type')?.split(';')[0] ?? '';
  const content = described!.content?.[type];
  expect(content ?? described!.content, `type ${type} is described`).toBe(content);
  if (content?.schema !== undefined) {
    const isValid = validatorOf(content.schema);
    expect([isValid(await response.json()), isValid.errors]).toEqual([true, null]);
  }
});

function operationAt(method: string, path: string): OperationObject {
  const [, methods] = Object.entries(document.paths).find(([template]) =>
    new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(path),
  )!;
  return methods[method.toLowerCase()]!;
}

function validatorOf(schema: object) {
  const ajv = new Ajv2020({strict: false, validateFormats: false});
  return ajv.compile({...schema, components: document.components});
}
