import type {ProblemCode} from '../../answer/problem.ts';
import type {Route} from '../../route.ts';
import {acceptSegment} from './accept-segment.ts';
import {SegmentAnswer} from './segment-answer.ts';
import {SEGMENT_CALLS} from './segment-call.ts';
import type {SegmentRoute} from './segment-call.ts';

const PROBLEMS_OF_CALLS: readonly ProblemCode[] = [
  'malformed-json',
  'malformed-utf-8',
  'malformed-encoding',
  'too-deep',
  'empty-batch',
  'invalid-request',
  'not-found',
  'request-too-large',
  'event-too-large',
  'too-many-events',
  'unsupported-media-type',
  'unsupported-encoding',
  'body-timeout',
  'quota-exceeded',
  'stream-quota-exceeded',
  'unavailable',
];

/** Segment's HTTP API, for the one stream that accepts `segment()`. */
export const segmentRoutes: readonly Route[] = (
  ['batch', ...SEGMENT_CALLS] as const satisfies readonly SegmentRoute[]
).map((route) => ({
  method: 'POST',
  path: `/v1/${route}`,
  access: 'sender',
  operation: {
    summary: route === 'batch' ? 'Send a batch of Segment calls' : `Send one Segment ${route} call`,
    takes: ['application/json'],
    answers: {
      200: {
        description: 'All events are stored, were before, or are kept as rejected',
        schema: SegmentAnswer,
      },
    },
    problems: PROBLEMS_OF_CALLS,
  },
  handle: (call) => acceptSegment(call, route),
}));
