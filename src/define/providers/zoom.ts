import {listOf} from '../secret.ts';
import type {ProviderOptions, WebhookScheme} from '../webhook-scheme.ts';

/**
 * Zoom; the secret is the app's secret token. The URL is validated again every 72 hours.
 * https://developers.zoom.us/docs/api/webhooks/
 */
export function zoom({secret, source = 'zoom'}: ProviderOptions): WebhookScheme {
  return {
    source,
    proof: {
      kind: 'signature',
      header: 'x-zm-signature',
      versions: [
        {
          prefix: 'v0=',
          algorithm: 'HMAC-SHA-256',
          encoding: 'hex',
          secrets: listOf(secret),
          key: 'text',
        },
      ],
      timestamp: {header: 'x-zm-request-timestamp'},
      signed: ['v0:', {part: 'timestamp'}, ':', {part: 'body'}],
    },
    deliveryId: [],
    eventType: [{pointer: '/event'}],
    handshakes: [
      {
        kind: 'body',
        when: {pointer: '/event', is: 'endpoint.url_validation'},
        token: '/payload/plainToken',
        answer: {tokenAs: 'plainToken', hmacAs: 'encryptedToken', prefix: '', encoding: 'hex'},
      },
    ],
    accepted: {status: 200},
  };
}
