import type {Context} from 'hono';
import {problemResponse, QueryFailed} from './problem.ts';

/** The answer, or the problem that stands in its way. */
export async function answered(c: Context, answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof QueryFailed) return problemResponse(c, error.problem);
    throw error;
  }
}
