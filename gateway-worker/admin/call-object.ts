import {describeError} from '../../src/lib/errors.ts';
import {Problem, retryAfter} from '../answer/problem.ts';
import {EXPIRED} from '../deadline.ts';
import {RETRY_AFTER_S} from '../limits.ts';
import type {Call} from '../route.ts';

/**
 * One call to a Durable Object for an administrator. `what`: the object, in words.
 * @throws Problem `unavailable`: it is not known whether anything was changed
 */
export async function callObject<Result>(
  {gateway, scope}: Pick<Call, 'gateway' | 'scope'>,
  what: string,
  ask: () => PromiseLike<Result>,
): Promise<Result> {
  try {
    const result = await scope.deadline.race(Promise.resolve(ask()));
    if (result !== EXPIRED) return result;
  } catch (error) {
    gateway.log.warn('A Durable Object did not answer an administrator', {
      object: what,
      error: describeError(error),
    });
  }
  throw new Problem('unavailable', `${what} did not answer; see what it has before you try again`, {
    headers: retryAfter(RETRY_AFTER_S),
  });
}
