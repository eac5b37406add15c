import {ForebayError} from '../src/lib/errors.ts';
import {errorWords} from './error-words.ts';

/** What the broker answers to a member whose instance id someone else joined with (KIP-345). */
const INSTANCE_TAKEN = 'FENCED_INSTANCE_ID';

/** A lost membership in the words of who has to mend it. */
export function membershipError(error: Error, replica: string): Error {
  if (!errorWords(error).includes(INSTANCE_TAKEN)) return error;
  return new ForebayError({
    code: 'REPLICA_NAME_TAKEN',
    message: `another process drains under the name ${replica}`,
    hint: 'give each replica a FOREBAY_REPLICA of its own',
    cause: error,
    isRetryable: true,
  });
}
