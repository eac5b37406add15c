import * as z from 'zod';
import {isRejected} from '../../answer/fate.ts';
import type {Fate} from '../../answer/fate.ts';
import {countFates, firstIssues, retryAfterFates} from '../../answer/batch-answer.ts';
import {Problem, PROBLEMS, problemResponse} from '../../answer/problem.ts';

export const SegmentAnswer = z.object({success: z.literal(true)});

/**
 * Segment's libraries take any 2xx for all events of a request, give up at once at 400, and send the whole request again
 * after 503; what of it is stored is then known by its messageId.
 */
export function segmentAnswer(fates: readonly Fate[]): Response {
  const {retry, ...stored} = countFates(fates);
  if (retry > 0) {
    return problemResponse('unavailable', {
      detail: 'not every event is stored; send the same request again',
      extensions: {...stored, retry},
      headers: retryAfterFates(fates),
    });
  }
  if (fates.some(isRejected)) {
    return problemResponse('invalid-request', {
      detail: 'mend the events that errors names; the others are stored',
      errors: firstIssues(fates),
      extensions: stored,
    });
  }
  return Response.json({success: true} satisfies z.infer<typeof SegmentAnswer>);
}

/** A problem with the headers this dialect's senders look at. */
export function inDialect(error: unknown): unknown {
  if (!(error instanceof Problem)) return error;
  const extra = extraHeaders(error);
  const {detail, headers, ...options} = error.options;
  return new Problem(error.code, detail, {...options, headers: {...headers, ...extra}});
}

function extraHeaders({code, options}: Problem): Readonly<Record<string, string>> {
  if (code === 'unauthenticated') return {'www-authenticate': 'Basic realm="forebay"'};
  const seconds = options.headers?.['retry-after'];
  return PROBLEMS[code][0] === 429 && seconds !== undefined ? {'x-ratelimit-reset': seconds} : {};
}
