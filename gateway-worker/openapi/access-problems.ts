import type {ProblemCode} from '../answer/problem.ts';
import type {Access} from '../route.ts';

/** What every route of an access can answer, besides its own problems. */
export const ACCESS_PROBLEMS: Readonly<Record<Access, readonly ProblemCode[]>> = {
  public: [],
  sender: ['unauthenticated', 'forbidden', 'not-found', 'not-configured', 'unavailable'],
  signature: ['not-found', 'not-configured', 'unavailable'],
  admin: ['unauthenticated', 'forbidden', 'not-found', 'not-configured', 'unavailable'],
  drain: ['unauthenticated', 'forbidden', 'not-found', 'not-configured', 'unavailable'],
};
