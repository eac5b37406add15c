import type {Pipeline} from '../src/define/pipeline.ts';
import type {Log} from '../src/telemetry/log.ts';
import {RandomPool} from '../src/lib/random-pool.ts';
import {UuidV7} from '../src/lib/uuid-v7.ts';
import {webhookRoutes} from './accept/webhooks/accept-webhook.ts';
import type {WebhookRoute} from './accept/webhooks/accept-webhook.ts';
import {ShardClient} from './buffer/shard-client.ts';
import type {Env} from './env.ts';
import {GatewayMetrics} from './admin/gateway-metrics.ts';
import {compileStream} from './validate/check-event.ts';
import type {CheckedStream} from './validate/check-event.ts';
import {KeyRing} from './verify/key-ring.ts';
import {Quotas} from './verify/quotas.ts';

export interface GatewayOptions {
  readonly pipeline: Pipeline;
  readonly nowMs: () => number;
  /** 0 ≤ random() < 1; for choices, not for secrets. */
  readonly random: () => number;
  readonly fillRandom: (bytes: Uint8Array) => void;
  readonly log: Log;
}

/** What one isolate keeps between requests. None of it belongs to a request, all of it is bounded. */
export class Gateway {
  readonly pipeline: Pipeline;
  readonly nowMs: () => number;
  readonly random: () => number;
  readonly log: Log;
  readonly streams: ReadonlyMap<string, CheckedStream>;
  readonly webhooks: ReadonlyMap<string, WebhookRoute>;
  readonly shards: ShardClient;
  readonly quotas: Quotas;
  readonly metrics = new GatewayMetrics();
  readonly randomBytes: (length: number) => Uint8Array;
  readonly #uuids: UuidV7;
  #keyText: string | null | undefined;
  #keys: KeyRing | null = null;

  constructor({pipeline, nowMs, random, fillRandom, log}: GatewayOptions) {
    this.pipeline = pipeline;
    this.nowMs = nowMs;
    this.random = random;
    this.log = log;
    this.streams = new Map(pipeline.streams.map((stream) => [stream.name, compileStream(stream)]));
    this.webhooks = webhookRoutes(this.streams.values());
    this.shards = new ShardClient({nowMs, random, log});
    this.quotas = new Quotas(nowMs);
    const pool = new RandomPool(fillRandom);
    this.randomBytes = (length) => pool.take(length);
    this.#uuids = new UuidV7(this.randomBytes);
  }

  /** Read once per isolate and configuration. */
  keys(env: Env): KeyRing {
    if (this.#keys === null || this.#keyText !== env.FOREBAY_KEYS) {
      this.#keyText = env.FOREBAY_KEYS;
      this.#keys = new KeyRing(env.FOREBAY_KEYS);
    }
    return this.#keys;
  }

  newEventId(): string {
    return this.#uuids.next(this.nowMs());
  }
}
