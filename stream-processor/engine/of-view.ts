import {ForebayError} from '../../src/lib/errors.ts';
import {isOfFile} from '../state/checkpoint.ts';

/**
 * Does what a commit or a restore needs of a view, or of one of its stores. No event can be left out for what its definition
 * throws there, so the task cannot go on: the error says at least whose it is.
 *
 * @throws ForebayError `VIEW_FAILED`; what the checkpoint file did, and errors that say more, as they are.
 */
export function ofView<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (isOfFile(error) || error instanceof ForebayError) throw error;
    throw new ForebayError({
      code: 'VIEW_FAILED',
      message: `the rows or states of "${name}" cannot be made`,
      hint: 'mend what its aggregates, filters or select throw; the task tries again until then',
      cause: error,
    });
  }
}
