/** The gateway, with a count of the rows its objects write: what SQLite's cursors say, which is what is billed. */
import pipeline from '#pipeline';
import {IDEMPOTENCY_PARTITIONS} from '../../../gateway-worker/buffer/idempotency-object.ts';
import type {Env} from '../../../gateway-worker/env.ts';
import gateway, {
  Idempotency as GatewayIdempotency,
  Shard as GatewayShard,
} from '../../../gateway-worker/index.ts';
import {shardsOf} from '../../../src/record/shard.ts';

// oxlint-disable-next-line oxc/no-barrel-file -- the gateway's other objects, whichever there are
export * from '../../../gateway-worker/index.ts';

export default {
  ...gateway,
  fetch(request: Request, env: Env, ctx: ExecutionContext): Response | Promise<Response> {
    return new URL(request.url).pathname === '/rows-written'
      ? rowsWritten(env as unknown as CountedEnv)
      : gateway.fetch(request, env, ctx);
  },
};

export class Shard extends GatewayShard {
  readonly #rows: () => number;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    const rows = countRows(ctx.storage.sql);
    super(ctx, env);
    this.#rows = rows;
  }

  rowsWritten(): number {
    return this.#rows();
  }
}

export class Idempotency extends GatewayIdempotency {
  readonly #rows: () => number;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    const rows = countRows(ctx.storage.sql);
    super(ctx, env);
    this.#rows = rows;
  }

  rowsWritten(): number {
    return this.#rows();
  }
}

interface CountedEnv {
  readonly SHARD: DurableObjectNamespace<Shard>;
  readonly IDEMPOTENCY: DurableObjectNamespace<Idempotency>;
}

/** Since the objects started, which they did before the bench asks for the first time. */
async function rowsWritten({SHARD, IDEMPOTENCY}: CountedEnv): Promise<Response> {
  const shards = shardsOf(pipeline).map(({name}) => SHARD.getByName(name).rowsWritten());
  const keys = pipeline.streams.flatMap(({name}) =>
    Array.from({length: IDEMPOTENCY_PARTITIONS}, (_, partition) =>
      IDEMPOTENCY.getByName(`${name}/${partition}`).rowsWritten(),
    ),
  );
  const counts = await Promise.all([...shards, ...keys]);
  return Response.json({rows: counts.reduce((sum, count) => sum + count, 0)});
}

function countRows(sql: SqlStorage): () => number {
  const exec = sql.exec.bind(sql);
  let rows = 0;
  Object.defineProperty(sql, 'exec', {
    value: (...args: Parameters<SqlStorage['exec']>) => {
      const cursor = exec(...args);
      rows += cursor.rowsWritten;
      return cursor;
    },
  });
  return () => rows;
}
