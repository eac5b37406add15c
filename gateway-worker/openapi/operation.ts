import type * as z from 'zod';
import type {ProblemCode} from '../answer/problem.ts';

/** What `/openapi.json` says of a route; tests hold the real answers against it. */
export interface Operation {
  /** One sentence, imperative. */
  readonly summary: string;
  /** Media types a request may have; without it the route takes no body. */
  readonly takes?: readonly string[];
  /** Every status that is no problem, with its body. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Problems of its own; those every route of its access can give are added. */
  readonly problems?: readonly ProblemCode[];
}

export interface Answer {
  readonly description: string;
  /** With `schema`: `application/json` when missing. */
  readonly contentType?: string;
  /** Further media types of the same body, for a route that answers in the form of its request. */
  readonly alsoAs?: readonly string[];
  /** Of the body; without it the body is empty or, with a `contentType`, text. */
  readonly schema?: z.ZodType;
}
