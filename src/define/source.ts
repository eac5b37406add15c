/**
 * Who may send to a stream and in which dialects, as data. A stream without credentials refuses all traffic.
 */
export type Source = CredentialSource | WebhookSource | DialectSource;

/** What a sender of the stream's own routes shows. */
export type CredentialSource = ApiKeySource;

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

/** `POST /v1/webhooks/<provider>`, signed by a provider. */
export interface WebhookSource {
  readonly kind: 'webhook';
  readonly scheme: WebhookScheme;
}

/**
 * A provider's signature over the raw body, as data: HMAC with a shared secret in one header. Of the delivery the id
 * makes a repeated delivery a duplicate and the type becomes `ce_type`.
 */
export interface WebhookScheme {
  /** The `{source}` of the route. */
  readonly provider: string;
  readonly secret: SecretReference;
  readonly signatureHeader: string;
  /** What stands before the signature in its header, e.g. `sha256=`. */
  readonly signaturePrefix: string;
  readonly algorithm: 'SHA-256';
  readonly encoding: 'hex' | 'base64';
  readonly deliveryIdHeader: string;
  readonly eventTypeHeader: string;
}

/** The name of an environment variable or Worker secret; the value never enters the definition. */
export interface SecretReference {
  readonly secret: string;
}

export function secret(name: string): SecretReference {
  return {secret: name};
}

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

export function webhook(scheme: WebhookScheme): WebhookSource {
  return {kind: 'webhook', scheme};
}

/**
 * GitHub: `X-Hub-Signature-256: sha256=<hex HMAC-SHA-256 of the raw body>`.
 * https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
export function github(options: {readonly secret: SecretReference}): WebhookScheme {
  return {
    provider: 'github',
    secret: options.secret,
    signatureHeader: 'x-hub-signature-256',
    signaturePrefix: 'sha256=',
    algorithm: 'SHA-256',
    encoding: 'hex',
    deliveryIdHeader: 'x-github-delivery',
    eventTypeHeader: 'x-github-event',
  };
}
