import {Problem} from '../answer/problem.ts';
import {memberNames, memberSlices} from './json-slices.ts';

/**
 * The members of an object that holds events. Of a list that comes twice one would be lost behind a 2xx, so each name comes
 * once.
 * @throws Problem `malformed-json`
 */
export function envelopeMembers(object: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const members = memberSlices(object);
  if (memberNames(object).length === members.size) return members;
  throw new Problem('malformed-json', 'a member comes twice around the events; send each once');
}
