import {listOf} from '../secret.ts';
import type {Secrets} from '../secret.ts';
import type {ProviderOptions, WebhookScheme} from '../webhook-scheme.ts';

export interface MetaOptions extends ProviderOptions {
  /** The word entered beside the URL in the app's dashboard. */
  readonly verifyToken: Secrets;
}

/**
 * Meta: Facebook, Instagram, WhatsApp; the secret is the app's.
 * https://developers.facebook.com/docs/graph-api/webhooks/getting-started
 */
export function meta({secret, verifyToken, source = 'meta'}: MetaOptions): WebhookScheme {
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
    deliveryId: [],
    eventType: [{pointer: '/object'}],
    handshakes: [
      {
        kind: 'query',
        method: 'GET',
        token: 'hub.challenge',
        require: {param: 'hub.mode', is: 'subscribe'},
        verify: {param: 'hub.verify_token', secrets: listOf(verifyToken)},
        answer: 'echo',
      },
    ],
    accepted: {status: 200},
  };
}
