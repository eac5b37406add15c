import {toError} from '../../src/lib/errors.ts';

const ANSWER_DEADLINE_MS = 1_000;

/** `ready`, or why a part is not, by its `GET /ready`. */
export async function readinessOf(url: string): Promise<string> {
  try {
    const answer = await fetch(`${url}/ready`, {signal: AbortSignal.timeout(ANSWER_DEADLINE_MS)});
    const body = await answer.text();
    return answer.ok ? 'ready' : body;
  } catch (error) {
    return toError(error).message;
  }
}
