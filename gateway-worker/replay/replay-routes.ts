import {BatchAnswer} from '../answer/batch-answer.ts';
import type {Route} from '../route.ts';
import {acceptReplay} from './accept-replay.ts';

export const replayRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/admin/v1/replay',
    access: 'admin',
    operation: {
      summary:
        'Append rejected events that the schema takes by now, each once, under their original ids',
      takes: ['application/json'],
      answers: {
        202: {description: 'All are appended, or were before', schema: BatchAnswer},
        207: {description: 'Some are still rejected, or not stored', schema: BatchAnswer},
      },
      problems: [
        'invalid-request',
        'not-found',
        'malformed-json',
        'malformed-encoding',
        'too-deep',
        'request-too-large',
        'unsupported-media-type',
        'unsupported-encoding',
        'body-timeout',
        'invalid-events',
        'unavailable',
      ],
    },
    handle: acceptReplay,
  },
];
