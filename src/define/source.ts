/**
 * Who may send to a stream, as data. A stream without a source refuses all traffic.
 */
export type Source = ApiKeySource | WebhookSource;

/** `Authorization: Bearer fb_<env>_<keyid>_<secret>` with the scope `ingest:write:<stream>`. */
export interface ApiKeySource {
  readonly kind: 'api-key';
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
