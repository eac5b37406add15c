/**
 * The gateway's own Worker, bundled and run as ever, with one route more: `POST /chaos`, for whoever has the secret
 * CHAOS_KEY, aborts a shard's Durable Object or shifts the clock of the isolate. Never deploy it.
 */
import gateway, {Shard as RealShard} from '../../../gateway-worker/index.ts';
import {readSecret, type Env} from '../../../gateway-worker/env.ts';

export {
  DeviceRevocations,
  Devices,
  Idempotency,
  Keys,
  Quota,
} from '../../../gateway-worker/index.ts';

/** The real shard. */
export class Shard extends RealShard {
  /**
   * As when the platform resets the object: memory is gone, storage that is not synced is rolled back, every call and
   * every socket ends.
   */
  chaosAbort(): void {
    this.ctx.abort('by the fault tools');
  }
}

const realNow = Date.now.bind(Date);
let clockMs = 0;
/** Worker and Durable Objects are one isolate in workerd, so all of them see it. */
Date.now = () => realNow() + clockMs;

interface ChaosCall {
  /** The name of a shard: `readings/0`. */
  readonly abort?: string;
  /** Added to the clock. */
  readonly clockMs?: number;
}

export default {
  ...gateway,
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    if (new URL(request.url).pathname !== '/chaos') return gateway.fetch(request, env, ctx);
    const key = readSecret(env, 'CHAOS_KEY');
    if (key === null || request.headers.get('authorization') !== `Bearer ${key}`) {
      return new Response('not for you\n', {status: 403});
    }
    const call = await request.json<ChaosCall>();
    if (call.clockMs !== undefined) clockMs = call.clockMs;
    if (call.abort !== undefined) await abortShard(env, call.abort);
    return Response.json({clockMs, deployed: (globalThis as {deployed?: string}).deployed ?? 'a'});
  },
};

/** Resolves when the object is gone: its end is the end of the call, too. */
async function abortShard(env: Env, name: string): Promise<void> {
  const shard = env.SHARD.getByName(name) as unknown as {chaosAbort(): Promise<void>};
  try {
    await shard.chaosAbort();
  } catch {
    return;
  }
  throw new Error(`${name} did not abort`);
}
