import {Hono} from 'hono';
import {answerProblems} from '../../../stream-processor/query/answer-problems.ts';

/** Routes as the processor serves them: what they throw is a problem. */
export function queryApp(...routes: readonly Hono[]): Hono {
  const app = answerProblems(new Hono(), {error: () => {}});
  for (const some of routes) app.route('/', some);
  return app;
}
