import type {ClientCertificateSource, DeviceTokenSource, JwtSource} from './credentials.ts';
import type {WebhookScheme} from './webhook-scheme.ts';

/**
 * Who may send to a stream and in which dialects, as data. A stream without credentials refuses all traffic.
 */
export type Source = CredentialSource | WebhookSource | DialectSource;

/** What a sender of the stream's own routes shows. */
export type CredentialSource =
  | ApiKeySource
  | DeviceTokenSource
  | JwtSource
  | ClientCertificateSource;

/** `Authorization: Bearer fb_<env>_<keyid>_<secret>` with the scope `ingest:write:<stream>`. */
export interface ApiKeySource {
  readonly kind: 'api-key';
}

/**
 * A further route to the stream, for senders that prove themselves by the stream's credentials. JSON, NDJSON and
 * CloudEvents at `POST /v1/streams/<stream>` need no word of their own.
 */
export interface DialectSource {
  readonly kind: 'segment' | 'otlp-logs' | 'confluent-rest' | 'web-socket' | 'mqtt';
}

/** `POST /v1/webhooks/<source>`, signed by a provider. */
export interface WebhookSource {
  readonly kind: 'webhook';
  readonly scheme: WebhookScheme;
}

/** An API key with the scope `ingest:write:<stream>`: docs/keys.md. */
export function apiKey(): ApiKeySource {
  return {kind: 'api-key'};
}

/** Segment's HTTP API: `POST /v1/{batch,track,identify,page,screen,group,alias}`; one stream of a pipeline takes it. */
export function segment(): DialectSource {
  return {kind: 'segment'};
}

/** OTLP/HTTP logs: `POST /v1/logs`; one stream of a pipeline takes it. */
export function otlpLogs(): DialectSource {
  return {kind: 'otlp-logs'};
}

/** Confluent's REST proxy, v2 and v3, with the stream as topic. */
export function confluentRest(): DialectSource {
  return {kind: 'confluent-rest'};
}

/** Devices that stay connected: `GET /v1/streams/<stream>/socket`, subprotocol `forebay.v1`. */
export function webSocket(): DialectSource {
  return {kind: 'web-socket'};
}

/** MQTT 3.1.1 and 5 over WebSocket at `/mqtt`, with the stream as topic. */
export function mqtt(): DialectSource {
  return {kind: 'mqtt'};
}

/** Deliveries of a provider at `POST /v1/webhooks/<source>`: docs/webhooks.md. */
export function webhook(scheme: WebhookScheme): WebhookSource {
  return {kind: 'webhook', scheme};
}
