import {listOf} from '../secret.ts';
import type {ProviderOptions, WebhookScheme} from '../webhook-scheme.ts';

export interface TwilioOptions extends ProviderOptions {
  /**
   * The URL Twilio calls, without a query. It is part of what is signed, so a gateway behind a proxy that changes host,
   * scheme or path must be told; without it the URL of the request counts.
   */
  readonly publicUrl?: string;
}

/**
 * Twilio; the secret is the account's auth token. Forms are signed field by field, other bodies by their digest in the
 * URL. The answer is TwiML that does nothing.
 * https://www.twilio.com/docs/usage/webhooks/webhooks-security
 */
export function twilio({secret, source = 'twilio', publicUrl}: TwilioOptions): WebhookScheme {
  return {
    source,
    proof: {
      kind: 'signature',
      header: 'x-twilio-signature',
      versions: [
        {
          prefix: '',
          algorithm: 'HMAC-SHA-1',
          encoding: 'base64',
          secrets: listOf(secret),
          key: 'text',
        },
      ],
      signed: [{part: 'url'}, {part: 'form'}],
      ...(publicUrl === undefined ? {} : {publicUrl}),
    },
    deliveryId: [{header: 'i-twilio-idempotency-token'}],
    eventType: [
      {pointer: '/EventType'},
      {pointer: '/MessageStatus'},
      {pointer: '/SmsStatus'},
      {pointer: '/CallStatus'},
    ],
    bodies: ['form', 'json'],
    accepted: {status: 200, contentType: 'text/xml', body: '<Response/>'},
  };
}
