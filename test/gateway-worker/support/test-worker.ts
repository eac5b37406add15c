/** The real Durable Objects with the tests' pipeline. Requests go to an application each test makes: test-gateway.ts. */
import {IdempotencyObject} from '../../../gateway-worker/buffer/idempotency-object.ts';
import {ShardObject} from '../../../gateway-worker/buffer/shard-object.ts';
import {testPipeline} from './test-pipeline.ts';

export default {fetch: () => new Response(null, {status: 404})};

export class Shard extends ShardObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env, testPipeline);
  }
}

export class Idempotency extends IdempotencyObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env, testPipeline);
  }
}
