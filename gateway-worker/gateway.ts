import type {Pipeline} from '../src/define/pipeline.ts';
import type {Log} from '../src/telemetry/log.ts';
import {RandomPool} from '../src/lib/random-pool.ts';
import {UuidV7} from '../src/lib/uuid-v7.ts';
import {webhookSources} from './accept/webhooks/webhook-sources.ts';
import type {WebhookEntry} from './accept/webhooks/webhook-sources.ts';
import {ShardClient} from './buffer/shard-client.ts';
import type {Env} from './env.ts';
import {overflowOrders} from './overflow/overflow-orders.ts';
import {GatewayMetrics} from './admin/gateway-metrics.ts';
import {compileStream} from './validate/check-event.ts';
import type {CheckedStream} from './validate/check-event.ts';
import {cloudflareCertificates} from './verify/certificate-source.ts';
import type {CertificateSource} from './verify/certificate-source.ts';
import {ClientCertificates} from './verify/client-certificates.ts';
import {DeviceTokens} from './verify/device-tokens.ts';
import type {Fetch} from './verify/jwks-cache.ts';
import {Jwts} from './verify/jwts.ts';
import {KeyRing} from './verify/key-ring.ts';
import {Quotas} from './verify/quotas.ts';
import {DeviceRevocations} from './verify/revocations/device-revocations.ts';

export interface GatewayOptions {
  readonly pipeline: Pipeline;
  readonly nowMs: () => number;
  /** 0 ≤ random() < 1; for choices, not for secrets. */
  readonly random: () => number;
  readonly fillRandom: (bytes: Uint8Array) => void;
  readonly log: Log;
  /** For the keys of JWT issuers; the platform's when missing. */
  readonly fetch?: Fetch;
  /** Of client certificates; Cloudflare's when missing. */
  readonly certificates?: CertificateSource;
}

/** What one isolate keeps between requests. None of it belongs to a request, all of it is bounded. */
export class Gateway {
  readonly pipeline: Pipeline;
  readonly nowMs: () => number;
  readonly random: () => number;
  readonly log: Log;
  readonly streams: ReadonlyMap<string, CheckedStream>;
  readonly webhooks: ReadonlyMap<string, WebhookEntry>;
  readonly shards: ShardClient;
  readonly quotas: Quotas;
  readonly deviceTokens: DeviceTokens;
  readonly jwts: Jwts;
  readonly clientCertificates: ClientCertificates;
  readonly metrics = new GatewayMetrics();
  readonly randomBytes: (length: number) => Uint8Array;
  readonly #uuids: UuidV7;
  #keyText: string | null | undefined;
  #keys: KeyRing | null = null;

  constructor(options: GatewayOptions) {
    const {pipeline, nowMs, random, fillRandom, log} = options;
    this.pipeline = pipeline;
    this.nowMs = nowMs;
    this.random = random;
    this.log = log;
    this.streams = new Map(pipeline.streams.map((stream) => [stream.name, compileStream(stream)]));
    this.webhooks = webhookSources(this.streams.values());
    this.shards = new ShardClient({
      nowMs,
      random,
      log,
      orders: overflowOrders(pipeline),
      newMessageId: () => this.newEventId(),
    });
    this.quotas = new Quotas({nowMs, log, fallbacks: this.metrics.quotaFallbacks});
    const {streams} = pipeline;
    const revocations = new DeviceRevocations({nowMs, log});
    this.deviceTokens = new DeviceTokens({streams, nowMs, revocations});
    this.jwts = new Jwts({streams, nowMs, log, fetch: options.fetch ?? fetchFromPlatform});
    const certificates = options.certificates ?? cloudflareCertificates;
    this.clientCertificates = new ClientCertificates({streams, certificates});
    const pool = new RandomPool(fillRandom);
    this.randomBytes = (length) => pool.take(length);
    this.#uuids = new UuidV7(this.randomBytes);
  }

  /** Read once per isolate and configuration. */
  keys(env: Env): KeyRing {
    if (this.#keys === null || this.#keyText !== env.FOREBAY_KEYS) {
      this.#keyText = env.FOREBAY_KEYS;
      this.#keys = new KeyRing({json: env.FOREBAY_KEYS, nowMs: this.nowMs, log: this.log});
    }
    return this.#keys;
  }

  newEventId(): string {
    return this.#uuids.next(this.nowMs());
  }
}

function fetchFromPlatform(url: string, init: RequestInit): Promise<Response> {
  return fetch(url, init);
}
