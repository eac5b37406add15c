/** The real Durable Objects with the tests' pipeline. Requests go to an application each test makes: test-gateway.ts. */
import {IdempotencyObject} from '../../../gateway-worker/buffer/idempotency-object.ts';
import {ShardObject} from '../../../gateway-worker/buffer/shard-object.ts';
import {DevicesObject} from '../../../gateway-worker/devices/devices-object.ts';
import type {Env} from '../../../gateway-worker/env.ts';
import {Gateway} from '../../../gateway-worker/gateway.ts';
import {KeysObject} from '../../../gateway-worker/keys/keys-object.ts';
import {consumeOverflow} from '../../../gateway-worker/overflow/consume-overflow.ts';
import {QuotaObject} from '../../../gateway-worker/quota/quota-object.ts';
import {RevocationsObject} from '../../../gateway-worker/verify/revocations/revocations-object.ts';
import {deviceSettings} from './device-settings.ts';
import {quotaClock} from './quota-clock.ts';
import {testPipeline} from './test-pipeline.ts';

const silent = {info: () => undefined, warn: () => undefined, error: () => undefined};

export default {
  fetch: () => new Response(null, {status: 404}),
  queue(batch: MessageBatch, env: Env): Promise<void> {
    return consumeOverflow(batch, {env, nowMs: () => Date.now(), random: () => 0, log: silent});
  },
};

export class Shard extends ShardObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env, testPipeline);
  }
}

export class Quota extends QuotaObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env, () => quotaClock.nowMs());
  }
}

export class DeviceRevocations extends RevocationsObject {}

export class Idempotency extends IdempotencyObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env, testPipeline);
  }
}

export class Keys extends KeysObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env, testPipeline);
  }
}

const deviceGateway = new Gateway({
  pipeline: testPipeline,
  nowMs: () => deviceSettings.nowMs(),
  random: () => Math.random(),
  fillRandom: (bytes) => crypto.getRandomValues(bytes),
  log: silent,
});

/** Knows the keys a test gives it, which may change while devices are connected. */
export class Devices extends DevicesObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    const known = {
      ...(env as unknown as Env),
      get FOREBAY_KEYS() {
        return deviceSettings.keysJson;
      },
    };
    super(ctx, known, deviceGateway);
  }
}
