import {listOf} from '../secret.ts';
import type {ProviderOptions, WebhookScheme} from '../webhook-scheme.ts';

/**
 * Slack: events, slash commands and interactivity, under the app's signing secret. Slack tries three times in minutes
 * and then stops; a refusal that would stay one tells it to stop at once.
 * https://docs.slack.dev/authentication/verifying-requests-from-slack
 */
export function slack({secret, source = 'slack'}: ProviderOptions): WebhookScheme {
  return {
    source,
    proof: {
      kind: 'signature',
      header: 'x-slack-signature',
      versions: [
        {
          prefix: 'v0=',
          algorithm: 'HMAC-SHA-256',
          encoding: 'hex',
          secrets: listOf(secret),
          key: 'text',
        },
      ],
      timestamp: {header: 'x-slack-request-timestamp'},
      signed: ['v0:', {part: 'timestamp'}, ':', {part: 'body'}],
    },
    deliveryId: [{pointer: '/event_id'}],
    eventType: [{pointer: '/event/type'}, {pointer: '/type'}, {pointer: '/command'}],
    bodies: ['json', 'form'],
    handshakes: [
      {
        kind: 'body',
        when: {pointer: '/type', is: 'url_verification'},
        token: '/challenge',
        answer: 'echo',
      },
    ],
    // Slash commands take nothing but a 200 for success.
    accepted: {status: 200},
    refusedHeaders: {'x-slack-no-retry': '1'},
  };
}
