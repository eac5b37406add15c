import {describeError} from '../../src/lib/errors.ts';
import {Problem, retryAfter} from '../answer/problem.ts';
import {EXPIRED} from '../deadline.ts';
import {RETRY_AFTER_S} from '../limits.ts';
import type {Call} from '../route.ts';
import {KEYS_OBJECT} from './keys-protocol.ts';
import type {KeysObject} from './keys-object.ts';

/** One call for an administrator. @throws Problem `unavailable`: it is not known whether anything was changed */
export async function callKeys<Result>(
  {gateway, scope}: Pick<Call, 'gateway' | 'scope'>,
  ask: (keys: DurableObjectStub<KeysObject>) => PromiseLike<Result>,
): Promise<Result> {
  const {env, deadline} = scope;
  try {
    const result = await deadline.race(Promise.resolve(ask(env.KEYS.getByName(KEYS_OBJECT))));
    if (result !== EXPIRED) return result;
  } catch (error) {
    gateway.log.warn('The key registry did not answer an administrator', {
      error: describeError(error),
    });
  }
  throw new Problem(
    'unavailable',
    'the key registry did not answer; see what it has before you try again',
    {headers: retryAfter(RETRY_AFTER_S)},
  );
}
