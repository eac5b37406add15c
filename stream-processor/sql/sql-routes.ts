import {Hono} from 'hono';
import type {Context} from 'hono';
import type {Pipeline} from '../../src/define/pipeline.ts';
import type {Clock} from '../../src/lib/clock.ts';
import {SqlRequest} from '../../src/protocol/query.ts';
import {parseRange} from '../query/parse-query.ts';
import {QueryFailed} from '../query/problem.ts';
import {sendEvents} from '../query/send-events.ts';
import type {AllViews} from '../route/all-views.ts';
import {liveSql} from './live-sql.ts';
import {runSql, type SqlQuestion} from './sql-query.ts';

/** At once; each is a process, the live ones for as long as somebody listens. */
const STATEMENT_LIMITS = {statements: 8, liveStatements: 16};

export interface SqlRoutesOptions {
  readonly pipeline: Pipeline;
  readonly views: AllViews;
  readonly clock: Clock;
  readonly limits?: typeof STATEMENT_LIMITS;
}

/** `POST /v1/sql` and `POST /v1/sql/live`. What they throw: see answer-problems.ts. */
export function sqlRoutes(options: SqlRoutesOptions): Hono {
  const limits = options.limits ?? STATEMENT_LIMITS;
  const statements = new Places(limits.statements);
  const liveStatements = new Places(limits.liveStatements);
  return new Hono()
    .post('/v1/sql', async (c) => {
      const question = await questionOf(c);
      const leave = statements.enter();
      try {
        return c.json(await runSql(options, question));
      } finally {
        leave();
      }
    })
    .post('/v1/sql/live', async (c) => {
      const question = await questionOf(c);
      // A statement that cannot run is told by the status, which is sent before the first event.
      const leave = liveStatements.enter();
      try {
        await runSql(options, question);
      } catch (error) {
        leave();
        throw error;
      }
      const ending = new AbortController();
      ending.signal.addEventListener('abort', leave);
      const isAgain = c.req.header('last-event-id') !== undefined;
      const events = liveSql({...options, signal: ending.signal, isAgain}, question);
      return sendEvents(c, events, () => ending.abort());
    });
}

/** The body, and `key`, `from` and `to` of the URL. @throws QueryFailed */
async function questionOf(c: Context): Promise<SqlQuestion> {
  const range = parseRange(c.req.query());
  const body = SqlRequest.safeParse(await c.req.json().catch(() => undefined));
  if (body.success) return {...body.data, range};
  const detail = `the body must be {"sql": "SELECT …", "params": […]}: ${body.error.issues[0]?.message ?? ''}`;
  throw new QueryFailed({code: 'invalid-parameter', detail});
}

/** So many at once. */
class Places {
  readonly #limit: number;
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Call the returned function, once, to leave. @throws QueryFailed `too-many-queries` */
  enter(): () => void {
    if (this.#taken >= this.#limit) {
      const detail = `${this.#limit} statements run already`;
      throw new QueryFailed({code: 'too-many-queries', detail});
    }
    this.#taken++;
    return () => {
      this.#taken--;
    };
  }
}
