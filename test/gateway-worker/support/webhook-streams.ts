import * as z from 'zod';
import {
  defineStream,
  genericHmac,
  meta,
  microsoftGraph,
  secret,
  shopify,
  slack,
  standardWebhooks,
  stripe,
  twilio,
  webhook,
  x,
  zoom,
} from '../../../src/define/index.ts';

/** Values of the secrets these streams name; every one another, as it should be. */
export const WEBHOOK_SECRETS = {
  STANDARD: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  STRIPE: 'whsec_test_secret',
  STRIPE_EU: 'whsec_european',
  SHOPIFY: 'hush',
  SLACK: '8f742231b10e8888abcd99yyyzzz85a5',
  TWILIO: '12345',
  ZOOM: 'zoomsecret',
  META: 'meta-app-secret',
  META_VERIFY: 'the word',
  GRAPH: 'client state',
  GRAPH_NEXT: 'next client state',
  X: 'consumersecret',
  ACME_OLD: 'acme-old',
  ACME_NEW: 'acme-new',
} as const;

const schemes = [
  standardWebhooks({secret: secret('STANDARD')}),
  stripe({secret: secret('STRIPE')}),
  stripe({secret: secret('STRIPE_EU'), source: 'stripe-eu'}),
  shopify({secret: secret('SHOPIFY')}),
  slack({secret: secret('SLACK')}),
  twilio({secret: secret('TWILIO'), publicUrl: 'https://hooks.example.com/twilio'}),
  zoom({secret: secret('ZOOM')}),
  meta({secret: secret('META'), verifyToken: secret('META_VERIFY')}),
  microsoftGraph({clientState: [secret('GRAPH'), secret('GRAPH_NEXT')]}),
  x({secret: secret('X')}),
  genericHmac({
    source: 'acme',
    secret: [secret('ACME_OLD'), secret('ACME_NEW')],
    header: 'x-acme-signature',
    prefix: 'sha1=',
    algorithm: 'HMAC-SHA-1',
    signed: [{header: 'x-acme-delivery'}, '\n', {part: 'timestamp'}, '\n', {part: 'body'}],
    timestamp: {header: 'x-acme-time', unit: 'milliseconds', toleranceS: 60},
    deliveryId: [{header: 'x-acme-delivery'}],
    eventType: [{pointer: '/kind/name'}],
    origins: {allow: ['events.acme.example'], requestsPerMinute: 120},
  }),
];

/** One stream for each source, `from-<source>`; its one shard is `from-<source>/0`. */
export const webhookStreams = schemes.map((scheme) =>
  defineStream({
    name: `from-${scheme.source}`,
    owner: 'tests',
    schema: z.looseObject({invalid: z.never().optional()}),
    partitions: 1,
    accept: [webhook(scheme)],
    ...(scheme.source === 'slack' ? {onInvalid: 'reject' as const} : {}),
  }),
);
