import {Problem, retryAfter} from '../../answer/problem.ts';
import {RETRY_AFTER_LONG_S} from '../../limits.ts';

/** Of a webhook source without a secret: nothing could be verified, so nothing gets in. */
export function notConfigured(): Problem {
  return new Problem('not-configured', 'this source has no secret yet; see GET /ready', {
    headers: retryAfter(RETRY_AFTER_LONG_S),
  });
}
