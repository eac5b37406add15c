import pipeline from '#pipeline';
import {systemClock} from '../src/lib/clock.ts';
import {jsonLog} from '../src/telemetry/log.ts';
import {createApp} from './app.ts';
import {IdempotencyObject} from './buffer/idempotency-object.ts';
import {ShardObject} from './buffer/shard-object.ts';
import {Gateway} from './gateway.ts';

const app = createApp(
  new Gateway({
    pipeline,
    nowMs: () => Date.now(),
    random: () => Math.random(),
    fillRandom: (bytes) => crypto.getRandomValues(bytes),
    // oxlint-disable-next-line no-console -- the platform's log
    log: jsonLog('gateway', systemClock, (line) => console.log(line)),
  }),
);

export default {fetch: app.fetch};

export class Shard extends ShardObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env, pipeline);
  }
}

export class Idempotency extends IdempotencyObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env, pipeline);
  }
}
