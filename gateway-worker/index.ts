import pipeline from '#pipeline';
import {systemClock} from '../src/lib/clock.ts';
import {jsonLog} from '../src/telemetry/log.ts';
import {createApp} from './app.ts';
import {IdempotencyObject} from './buffer/idempotency-object.ts';
import {ShardObject} from './buffer/shard-object.ts';
import {DevicesObject} from './devices/devices-object.ts';
import type {Env} from './env.ts';
import {Gateway} from './gateway.ts';
import {consumeOverflow} from './overflow/consume-overflow.ts';
import {KeysObject} from './keys/keys-object.ts';
import {QuotaObject} from './quota/quota-object.ts';
import {RevocationsObject} from './verify/revocations/revocations-object.ts';

const gateway = new Gateway({
  pipeline,
  nowMs: () => Date.now(),
  random: () => Math.random(),
  fillRandom: (bytes) => crypto.getRandomValues(bytes),
  // oxlint-disable-next-line no-console -- the platform's log
  log: jsonLog('gateway', systemClock, (line) => console.log(line)),
});
const app = createApp(gateway);

export default {
  fetch: app.fetch,
  queue(batch: MessageBatch, env: Env): Promise<void> {
    const {nowMs, random, log} = gateway;
    return consumeOverflow(batch, {env, nowMs, random, log});
  },
};

export class Shard extends ShardObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env, pipeline);
  }
}

export class Quota extends QuotaObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env, () => Date.now());
  }
}

export class DeviceRevocations extends RevocationsObject {}

export class Idempotency extends IdempotencyObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env, pipeline);
  }
}

export class Keys extends KeysObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env, pipeline);
  }
}

/** Shares the isolate's gateway, for schemas become code only while a module is loaded. */
export class Devices extends DevicesObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env, gateway);
  }
}
