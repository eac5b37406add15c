import {listOf} from '../secret.ts';
import type {ProviderOptions, WebhookScheme} from '../webhook-scheme.ts';

/**
 * Stripe. The key is the endpoint's secret as it is shown, `whsec_` included.
 * https://docs.stripe.com/webhooks#verify-manually
 */
export function stripe({secret, source = 'stripe'}: ProviderOptions): WebhookScheme {
  return {
    source,
    proof: {
      kind: 'signature',
      header: 'stripe-signature',
      separator: ',',
      versions: [
        {
          prefix: 'v1=',
          algorithm: 'HMAC-SHA-256',
          encoding: 'hex',
          secrets: listOf(secret),
          key: 'text',
        },
      ],
      timestamp: {prefix: 't='},
      signed: [{part: 'timestamp'}, '.', {part: 'body'}],
    },
    deliveryId: [{pointer: '/id'}],
    eventType: [{pointer: '/type'}],
  };
}
