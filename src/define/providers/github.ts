import {listOf} from '../secret.ts';
import type {ProviderOptions, WebhookScheme} from '../webhook-scheme.ts';

/**
 * GitHub. It signs neither a time nor the delivery's id, so only the memory of delivery ids keeps a repetition out.
 * https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
export function github({secret, source = 'github'}: ProviderOptions): WebhookScheme {
  return {
    source,
    proof: {
      kind: 'signature',
      header: 'x-hub-signature-256',
      versions: [
        {
          prefix: 'sha256=',
          algorithm: 'HMAC-SHA-256',
          encoding: 'hex',
          secrets: listOf(secret),
          key: 'text',
        },
      ],
      signed: [{part: 'body'}],
    },
    deliveryId: [{header: 'x-github-delivery'}],
    eventType: [{header: 'x-github-event'}],
  };
}
