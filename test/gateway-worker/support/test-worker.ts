/** The Worker of the tests that run in workerd: the real objects, with the tests' pipeline. */
import {createApp} from '../../../gateway-worker/app.ts';
import {IdempotencyObject} from '../../../gateway-worker/buffer/idempotency-object.ts';
import {ShardObject} from '../../../gateway-worker/buffer/shard-object.ts';
import {testGateway} from './test-gateway.ts';
import {testPipeline} from './test-pipeline.ts';

export default {fetch: createApp(testGateway()).fetch};

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
