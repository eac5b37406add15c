import * as z from 'zod';
import {jsonSchemaOf} from '../../../src/define/pipeline.ts';
import {Problem} from '../../answer/problem.ts';
import {BatchAnswer} from '../../answer/batch-answer.ts';
import type {Call, Route} from '../../route.ts';
import {param} from '../../route.ts';
import {originConsent} from '../origin-consent.ts';
import {acceptStreamRequest} from './accept-stream-request.ts';

export const streamRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/streams/:stream',
    access: 'sender',
    operation: {
      summary: 'Send one event or a batch to a stream',
      takes: [
        'application/json',
        'application/x-ndjson',
        'application/jsonl',
        'application/cloudevents+json',
        'application/cloudevents-batch+json',
        // With `ce-specversion` and the other attributes in headers: CloudEvents in binary mode.
        '*/*',
      ],
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
        'invalid-cloudevent',
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
        'stream-quota-exceeded',
        'unavailable',
      ],
    },
    // CloudEvents HTTP webhooks (1.0.2 §3.2) would have a key in the query, too, as `access_token`. It is no key here: URLs
    // are logged and shown by every party on the way, so a key in one is not secret any more.
    handle: (call) =>
      acceptStreamRequest(
        call.gateway,
        {request: call.request, streamName: param(call, 'stream')},
        call.scope,
      ),
  },
  {
    method: 'OPTIONS',
    path: '/v1/streams/:stream',
    access: 'public',
    operation: {
      summary: 'Ask whether CloudEvents may be delivered to a stream as webhooks',
      answers: {
        200: {description: 'They may if, and as often as, the headers WebHook-Allowed-* say so'},
      },
    },
    // Of a stream that does not exist it says the same as of one that consents to nobody.
    handle: (call) =>
      originConsent(
        call.request.headers,
        call.gateway.streams.get(param(call, 'stream'))?.definition.webhookOrigins,
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
      problems: ['not-found'],
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
