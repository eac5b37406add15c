/** `/openapi.json`, made of the routes themselves: OpenAPI 3.1.1, https://spec.openapis.org/oas/v3.1.1.html */
import * as z from 'zod';
import type {Pipeline} from '../../src/define/pipeline.ts';
import {jsonSchemaOf} from '../../src/define/pipeline.ts';
import type {AnyStream} from '../../src/define/stream.ts';
import {PROBLEMS} from '../answer/problem.ts';
import type {ProblemCode} from '../answer/problem.ts';
import type {Access, Route} from '../route.ts';
import {ACCESS_PROBLEMS} from './access-problems.ts';
import type {Answer} from './operation.ts';

const EVENTS_PATH = '/v1/streams/:stream';
const PROBLEM_TYPE = 'application/problem+json';
const BEARER: readonly Access[] = ['sender', 'admin', 'drain'];

export function openapiDocument(pipeline: Pipeline, routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    for (const {path, stream} of placesOf(route, pipeline)) {
      const template = path.replaceAll(/:([A-Za-z]+)/g, '{$1}');
      paths[template] = {
        ...paths[template],
        [route.method.toLowerCase()]: operationOf(route, path, stream),
      };
    }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: `${pipeline.name}: the gateway`,
      description: 'Takes events and answers 2xx once they are durable.',
      version: pipeline.fingerprint,
    },
    paths,
    components: {
      securitySchemes: {bearer: {type: 'http', scheme: 'bearer'}},
      schemas: {
        Problem: PROBLEM_SCHEMA,
        ...Object.fromEntries(
          pipeline.streams.map((stream) => [
            schemaName(stream),
            withoutDialect(jsonSchemaOf(stream)),
          ]),
        ),
      },
    },
  };
}

interface Place {
  readonly path: string;
  /** The one whose events the route takes there. */
  readonly stream: AnyStream | null;
}

/** The route for events is told once for each stream, with what that stream takes. */
function placesOf({method, path}: Route, {streams}: Pipeline): readonly Place[] {
  if (path !== EVENTS_PATH || method !== 'POST') return [{path, stream: null}];
  return streams.map((stream) => ({path: path.replace(':stream', stream.name), stream}));
}

function operationOf(route: Route, path: string, stream: AnyStream | null): object {
  const {access, operation} = route;
  const body = bodyOf(route, stream);
  return {
    operationId: operationIdOf(route.method, path),
    summary: operation.summary,
    ...(stream === null ? {} : {description: `${stream.description} (${stream.owner})`.trim()}),
    parameters: Array.from(path.matchAll(/:([A-Za-z]+)/g), ([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: {type: 'string'},
    })),
    ...(body === null ? {} : {requestBody: body}),
    responses: {...answersOf(operation.answers), ...problemsOf(route)},
    ...(BEARER.includes(access) ? {security: [{bearer: []}]} : {}),
  };
}

function operationIdOf(method: string, path: string): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return [method.toLowerCase(), ...words].join('-');
}

function bodyOf({operation}: Route, stream: AnyStream | null): object | null {
  const {takes} = operation;
  if (takes === undefined) return null;
  return {
    required: true,
    content: Object.fromEntries(
      takes.map((type) => [type, type === 'application/json' ? jsonBody(stream) : {}]),
    ),
  };
}

/** One event or an array of them. */
function jsonBody(stream: AnyStream | null): object {
  if (stream === null) return {};
  const event = {$ref: `#/components/schemas/${schemaName(stream)}`};
  return {schema: {anyOf: [event, {type: 'array', items: event}]}};
}

function answersOf(answers: Readonly<Record<number, Answer>>): Record<string, object> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, {description, contentType, alsoAs = [], schema}]) => {
      const type = contentType ?? (schema === undefined ? null : 'application/json');
      const content =
        schema === undefined
          ? {}
          : {schema: withoutDialect(z.toJSONSchema(schema, SCHEMA_OPTIONS))};
      const others = alsoAs.map((other) => [other, {}] as const);
      const byType = {...(type === null ? {} : {[type]: content}), ...Object.fromEntries(others)};
      return [status, {description, ...(type === null ? {} : {content: byType})}];
    }),
  );
}

const SCHEMA_OPTIONS = {unrepresentable: 'any'} as const;

/** Problems of one status are one response that names their codes; a dialect with answers of its own keeps them. */
function problemsOf({access, operation}: Route): Record<string, object> {
  const codes = new Set<ProblemCode>([...(operation.problems ?? []), ...ACCESS_PROBLEMS[access]]);
  const byStatus = Map.groupBy(codes, (code) => PROBLEMS[code][0]);
  const entries = Array.from(
    byStatus,
    ([status, ofStatus]) => [status, problemOf(ofStatus)] as const,
  );
  return Object.fromEntries(entries.filter(([status]) => !(status in operation.answers)));
}

function problemOf(codes: readonly ProblemCode[]): object {
  return {
    description: codes.map((code) => PROBLEMS[code][1]).join('; '),
    content: {
      [PROBLEM_TYPE]: {
        schema: {
          allOf: [
            {$ref: '#/components/schemas/Problem'},
            {properties: {type: {enum: codes.map((code) => `urn:forebay:problem:${code}`)}}},
          ],
        },
      },
    },
  };
}

/** RFC 9457. */
const PROBLEM_SCHEMA = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: {type: 'string', pattern: '^urn:forebay:problem:[a-z0-9-]+$'},
    title: {type: 'string'},
    status: {type: 'integer'},
    detail: {type: 'string'},
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'detail', 'code'],
        properties: {
          index: {type: 'integer'},
          pointer: {type: 'string'},
          detail: {type: 'string'},
          code: {type: 'string'},
        },
      },
    },
  },
};

function schemaName({name}: AnyStream): string {
  return `stream-${name}`;
}

/** The document as a whole says which JSON Schema it speaks. */
function withoutDialect(schema: object): object {
  const {$schema: _, ...rest} = schema as {$schema?: string};
  return rest;
}
