import type {Hono} from 'hono';
import {bodyLimit} from 'hono/body-limit';
import {describeError} from '../../src/lib/errors.ts';
import type {Log} from '../../src/telemetry/log.ts';
import {problemResponse, QueryFailed} from './problem.ts';

/** Of a request. */
const MAX_BODY_BYTES = 1_048_576;

/** Makes a problem of every request that no route answers. Call it before the routes are added. */
export function answerProblems(app: Hono, log: Pick<Log, 'error'>): Hono {
  return app
    .use(
      bodyLimit({
        maxSize: MAX_BODY_BYTES,
        onError: (c) => {
          const detail = `the body has more than ${MAX_BODY_BYTES} bytes`;
          return problemResponse(c, {code: 'too-large', detail});
        },
      }),
    )
    .notFound((c) => {
      const detail = `there is no ${c.req.method} of it here; GET /v1/views names the views`;
      return problemResponse(c, {code: 'no-such-route', detail});
    })
    .onError((error, c) => {
      if (error instanceof QueryFailed) return problemResponse(c, error.problem);
      const reason = describeError(error);
      // A client that has gone ends its question with an error, and nobody reads the answer.
      if (!c.req.raw.signal.aborted)
        log.error('a request failed', {route: c.req.routePath, reason});
      return problemResponse(c, {code: 'internal', detail: 'the processor logged the reason'});
    });
}
