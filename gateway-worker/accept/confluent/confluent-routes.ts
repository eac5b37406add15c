import * as z from 'zod';
import type {Answer} from '../../openapi/operation.ts';
import type {Route} from '../../route.ts';
import {produceV2, produceV2ToPartition, V2_ANSWER_TYPE} from './produce-v2.ts';
import {produceV3, produceV3Batch} from './produce-v3.ts';
import {V2_TYPES} from './v2-records.ts';

const Size = z.object({type: z.string(), size: z.int()}).nullable();
const Stored = z.object({
  error_code: z.literal(200),
  cluster_id: z.string(),
  topic_name: z.string(),
  partition_id: z.int(),
  /** The record's seq in the shard of this partition, not the topic's offset; −1 when it has none yet. */
  offset: z
    .int()
    .describe('seq of the record in the shard of its partition; -1 when it has none yet'),
  key: Size.optional(),
  value: Size.optional(),
});
/** The body of every failure, and of a failed record. */
const Failed = z.object({error_code: z.int(), message: z.string()});
const BatchAnswer = z.object({
  successes: z.array(Stored.extend({id: z.string()})),
  failures: z.array(Failed.extend({id: z.string()})),
});
const V2Answer = z.object({
  offsets: z.array(
    z.object({
      partition: z.int().nullable(),
      offset: z
        .int()
        .nullable()
        .describe('seq of the record in the shard of its partition; -1 when it has none yet'),
      error_code: z.int().nullable(),
      error: z.string().nullable(),
      message: z.string().optional(),
    }),
  ),
  key_schema_id: z.null(),
  value_schema_id: z.null(),
});

const FAILURES: Readonly<Record<number, Answer>> = {
  400: {description: 'The request cannot be read; nothing of it is stored', schema: Failed},
  401: {description: 'Credentials are missing or wrong', schema: Failed},
  403: {description: 'These credentials may not write to this stream', schema: Failed},
  404: {description: 'No such stream takes records by this API', schema: Failed},
  408: {description: 'The body did not come in time', schema: Failed},
  413: {description: 'The request is too large, or has too many records', schema: Failed},
  415: {description: 'A media type or encoding that is not taken', schema: Failed},
  429: {description: 'Over the quota; send the same request later', schema: Failed},
  503: {description: 'No record is stored; send the same request later', schema: Failed},
};

const V2_ANSWERS: Readonly<Record<number, Answer>> = {
  ...FAILURES,
  200: {
    description: 'An entry for each record, in order; some may have failed',
    contentType: V2_ANSWER_TYPE,
    schema: V2Answer,
  },
  204: {description: 'With async=true: all records are stored'},
  422: {description: 'No record is valid', contentType: V2_ANSWER_TYPE, schema: V2Answer},
};

export const confluentRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v3/clusters/:cluster/topics/:stream/records',
    access: 'sender',
    operation: {
      summary:
        'Produce one record, or several as JSON objects one after another (Confluent REST v3)',
      takes: ['application/json'],
      answers: {
        ...FAILURES,
        200: {
          description: 'A JSON object for each record, in order, one a line; some may have failed',
          schema: z.union([Stored, Failed]),
        },
        422: {description: 'The one record of the request is not valid', schema: Failed},
      },
    },
    handle: produceV3,
  },
  {
    method: 'POST',
    // `records:batch`, which a router would take for a parameter in the middle of a segment.
    path: '/v3/clusters/:cluster/topics/:stream/:action',
    access: 'sender',
    operation: {
      summary: 'Produce a batch of entries (Confluent REST v3); the action is records:batch',
      takes: ['application/json'],
      answers: {
        ...FAILURES,
        207: {description: 'What became of each entry, by its id', schema: BatchAnswer},
      },
    },
    handle: produceV3Batch,
  },
  {
    method: 'POST',
    path: '/topics/:stream',
    access: 'sender',
    operation: {
      summary: 'Produce records (Confluent REST v2, Strimzi)',
      takes: V2_TYPES,
      answers: V2_ANSWERS,
    },
    handle: produceV2,
  },
  {
    method: 'POST',
    path: '/topics/:stream/partitions/:partition',
    access: 'sender',
    operation: {
      summary: 'Produce records whose keys belong to this partition (Confluent REST v2, Strimzi)',
      takes: V2_TYPES,
      answers: V2_ANSWERS,
    },
    handle: produceV2ToPartition,
  },
];
