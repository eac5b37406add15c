import {REQUEST_PROBLEMS} from '../admin/read-request.ts';
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
      problems: [...REQUEST_PROBLEMS, 'not-found', 'invalid-events', 'unavailable'],
    },
    handle: acceptReplay,
  },
];
