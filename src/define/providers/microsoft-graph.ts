import {listOf} from '../secret.ts';
import type {Secrets} from '../secret.ts';
import type {WebhookScheme} from '../webhook-scheme.ts';

export interface MicrosoftGraphOptions {
  /** What the subscriptions were made with as `clientState`. */
  readonly clientState: Secrets;
  readonly source?: string;
}

/**
 * Microsoft Graph change notifications: unsigned, so `clientState` is all that proves them. The same change of the same
 * resource is the same body, today and tomorrow; taking the second for a repetition would lose it, so none is.
 * https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks
 */
export function microsoftGraph(options: MicrosoftGraphOptions): WebhookScheme {
  const {clientState, source = 'microsoft-graph'} = options;
  return {
    source,
    proof: {kind: 'token', pointer: '/value/*/clientState', secrets: listOf(clientState)},
    deliveryId: 'none',
    eventType: [{pointer: '/value/0/lifecycleEvent'}, {pointer: '/value/0/changeType'}],
    handshakes: [{kind: 'query', method: 'POST', token: 'validationToken', answer: 'echo'}],
  };
}
