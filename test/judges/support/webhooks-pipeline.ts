import * as z from 'zod';
import {
  definePipeline,
  defineStream,
  github,
  secret,
  slack,
  standardWebhooks,
  stripe,
  twilio,
  webhook,
} from '../../../src/define/index.ts';
import type {WebhookScheme} from '../../../src/define/webhook-scheme.ts';

interface Delivery {
  readonly account?: string | undefined;
}

const streamOf = (scheme: WebhookScheme) =>
  defineStream({
    name: scheme.source,
    owner: 'tests',
    schema: z.looseObject({account: z.string().optional()}),
    key: ({account}: Delivery) => account ?? 'nobody',
    partitions: 2,
    accept: [webhook(scheme)],
  });

/** One stream for each provider, named as its source. */
export default definePipeline({
  name: 'webhook-judges',
  views: [],
  streams: [
    stripe({secret: [secret('STRIPE_OLD'), secret('STRIPE')]}),
    github({secret: secret('GITHUB')}),
    standardWebhooks({secret: secret('STANDARD')}),
    standardWebhooks({secret: secret('SVIX'), source: 'svix'}),
    twilio({secret: secret('TWILIO')}),
    twilio({
      secret: secret('TWILIO'),
      source: 'twilio-behind-proxy',
      publicUrl: 'https://hooks.example.com/twilio',
    }),
    slack({secret: secret('SLACK')}),
  ].map(streamOf),
});
