import {callObject} from '../admin/call-object.ts';
import type {Call} from '../route.ts';
import {KEYS_OBJECT} from './keys-protocol.ts';
import type {KeysObject} from './keys-object.ts';

/** One call for an administrator. @throws Problem `unavailable`: it is not known whether anything was changed */
export function callKeys<Result>(
  call: Pick<Call, 'gateway' | 'scope'>,
  ask: (keys: DurableObjectStub<KeysObject>) => PromiseLike<Result>,
): Promise<Result> {
  const {env} = call.scope;
  return callObject(call, 'the key registry', () => ask(env.KEYS.getByName(KEYS_OBJECT)));
}
