import {listOf} from '../secret.ts';
import type {ProviderOptions, WebhookScheme} from '../webhook-scheme.ts';

/**
 * X, formerly Twitter: account activity under the app's consumer secret.
 *
 * The challenge asks for the same HMAC a delivery is signed with, of a text anybody may choose. It is no way to have a
 * delivery signed because tokens are bounded to letters that make no JSON object: see the gateway's handshakes.
 * https://docs.x.com/x-api/webhooks/quickstart
 */
export function x({secret, source = 'x'}: ProviderOptions): WebhookScheme {
  return {
    source,
    proof: {
      kind: 'signature',
      header: 'x-twitter-webhooks-signature',
      versions: [
        {
          prefix: 'sha256=',
          algorithm: 'HMAC-SHA-256',
          encoding: 'base64',
          secrets: listOf(secret),
          key: 'text',
        },
      ],
      signed: [{part: 'body'}],
    },
    deliveryId: [],
    eventType: [],
    // Never a form: its text could be a token of the challenge.
    bodies: ['json'],
    handshakes: [
      {
        kind: 'query',
        method: 'GET',
        token: 'crc_token',
        answer: {hmacAs: 'response_token', prefix: 'sha256=', encoding: 'base64'},
      },
    ],
    accepted: {status: 200},
  };
}
