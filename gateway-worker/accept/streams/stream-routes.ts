import * as z from 'zod';
import {jsonSchemaOf} from '../../../src/define/pipeline.ts';
import {Problem} from '../../answer/problem.ts';
import {BatchAnswer} from '../../answer/batch-answer.ts';
import type {Call, Route} from '../../route.ts';
import {param} from '../../route.ts';
import {acceptStreamRequest} from './accept-stream-request.ts';

export const streamRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/streams/:stream',
    access: 'sender',
    operation: {
      summary: 'Send one event or a batch to a stream',
      takes: ['application/json', 'application/x-ndjson', 'application/jsonl'],
      answers: {
        202: {description: 'All events are stored, or were before', schema: BatchAnswer},
        207: {description: 'Some events are rejected or not stored', schema: BatchAnswer},
      },
      problems: [
        'malformed-json',
        'malformed-utf-8',
        'malformed-encoding',
        'too-deep',
        'empty-batch',
        'invalid-idempotency-key',
        'idempotency-key-in-flight',
        'idempotency-key-reused',
        'request-too-large',
        'event-too-large',
        'too-many-events',
        'unsupported-media-type',
        'unsupported-encoding',
        'invalid-events',
        'body-timeout',
        'quota-exceeded',
        'unavailable',
      ],
    },
    handle: (call) =>
      acceptStreamRequest(
        call.gateway,
        {request: call.request, streamName: param(call, 'stream')},
        call.scope,
      ),
  },
  {
    method: 'GET',
    path: '/v1/streams/:stream/schema',
    access: 'public',
    operation: {
      summary: 'The JSON Schema of what a stream takes',
      answers: {
        200: {
          description: 'JSON Schema, draft 2020-12',
          contentType: 'application/schema+json',
          schema: z.looseObject({}),
        },
      },
    },
    handle: schemaOf,
  },
];

/** Public, as the contract between senders and the stream's owner: what it takes, not who may send it. */
function schemaOf(call: Call): Response {
  const stream = call.gateway.streams.get(param(call, 'stream'));
  if (stream === undefined)
    throw new Problem('not-found', 'there is no such stream in the pipeline of this gateway');
  return new Response(JSON.stringify(jsonSchemaOf(stream.definition)), {
    headers: {'content-type': 'application/schema+json'},
  });
}
