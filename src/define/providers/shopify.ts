import {listOf} from '../secret.ts';
import type {ProviderOptions, WebhookScheme} from '../webhook-scheme.ts';

/**
 * Shopify; the secret is the app's client secret.
 * https://shopify.dev/docs/apps/build/webhooks/subscribe/https
 */
export function shopify({secret, source = 'shopify'}: ProviderOptions): WebhookScheme {
  return {
    source,
    proof: {
      kind: 'signature',
      header: 'x-shopify-hmac-sha256',
      versions: [
        {
          prefix: '',
          algorithm: 'HMAC-SHA-256',
          encoding: 'base64',
          secrets: listOf(secret),
          key: 'text',
        },
      ],
      signed: [{part: 'body'}],
    },
    deliveryId: [{header: 'x-shopify-webhook-id'}],
    eventType: [{header: 'x-shopify-topic'}],
  };
}
