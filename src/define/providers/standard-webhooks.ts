import {listOf} from '../secret.ts';
import type {Secrets} from '../secret.ts';
import type {WebhookOrigins} from '../webhook-origins.ts';
import type {SignatureVersion, WebhookScheme} from '../webhook-scheme.ts';

export interface StandardWebhooksOptions {
  /** `whsec_…`: both sides know it. */
  readonly secret?: Secrets;
  /** `whpk_…`: only the provider can sign. One of the two must be given. */
  readonly publicKey?: Secrets;
  readonly source?: string;
  readonly origins?: WebhookOrigins;
}

/**
 * Standard Webhooks 1.0.0 and its forerunner Svix, whose headers are named differently and mean the same.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function standardWebhooks(options: StandardWebhooksOptions): WebhookScheme {
  const {secret = [], publicKey = [], source = 'standard-webhooks', origins} = options;
  return {
    source,
    proof: {
      kind: 'signature',
      header: ['webhook-signature', 'svix-signature'],
      separator: ' ',
      versions: [symmetric(secret), asymmetric(publicKey)].filter(
        ({secrets}) => secrets.length > 0,
      ),
      timestamp: {header: ['webhook-timestamp', 'svix-timestamp']},
      signed: [{header: ID}, '.', {part: 'timestamp'}, '.', {part: 'body'}],
    },
    deliveryId: [{header: ID}],
    eventType: [{pointer: '/type'}, {pointer: '/event_type'}],
    ...(origins === undefined ? {} : {origins}),
  };
}

const ID = ['webhook-id', 'svix-id'];

function symmetric(secret: Secrets): SignatureVersion {
  return {
    prefix: 'v1,',
    algorithm: 'HMAC-SHA-256',
    encoding: 'base64',
    secrets: listOf(secret),
    key: {base64After: 'whsec_'},
  };
}

function asymmetric(publicKey: Secrets): SignatureVersion {
  return {
    prefix: 'v1a,',
    algorithm: 'Ed25519',
    encoding: 'base64',
    secrets: listOf(publicKey),
    key: {base64After: 'whpk_'},
  };
}
