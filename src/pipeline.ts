import * as z from 'zod';
import {
  apiKey,
  attributeOf,
  confluentRest,
  count,
  definePipeline,
  defineStream,
  deviceToken,
  github as githubWebhook,
  hours,
  max,
  mean,
  min,
  minutes,
  mqtt,
  otlpLog,
  otlpLogs,
  secret,
  segment,
  stripe,
  tumbling,
  webhook,
  webSocket,
} from './define/index.ts';

export const readings = defineStream({
  name: 'readings',
  owner: 'field-devices',
  description: 'Weather stations, one reading a minute',
  schema: z.object({
    station: z.string().max(64),
    time: z.iso.datetime(),
    temperatureC: z.number().min(-90).max(60),
  }),
  key: (reading) => reading.station,
  eventTime: (reading) => Date.parse(reading.time),
  partitions: 4,
  // By HTTP and CloudEvents, over WebSocket and MQTT, and as Confluent's REST proxy takes them; docs/senders.md.
  accept: [apiKey(), deviceToken(), webSocket(), mqtt(), confluentRest()],
});

export const github = defineStream({
  name: 'github',
  owner: 'developer-platform',
  description: 'Webhook deliveries of GitHub, in order per repository',
  schema: z.looseObject({
    repository: z.looseObject({full_name: z.string().max(256)}).nullish(),
    organization: z.looseObject({login: z.string().max(256)}).nullish(),
  }),
  // Some deliveries are about an organisation or an installation, not about one repository.
  key: (delivery) =>
    delivery.repository?.full_name ?? delivery.organization?.login ?? 'no-repository',
  partitions: 4,
  accept: [webhook(githubWebhook({secret: secret('GITHUB_WEBHOOK_SECRET')}))],
});

export const payments = defineStream({
  name: 'payments',
  owner: 'billing',
  description: 'Events of Stripe, in order per customer',
  schema: z.looseObject({
    id: z.string().max(255),
    type: z.string().max(255),
    created: z.int(),
    data: z.looseObject({object: z.looseObject({customer: z.string().max(255).nullish()})}),
  }),
  key: (event) => event.data.object.customer ?? 'no-customer',
  eventTime: (event) => event.created * 1_000,
  partitions: 2,
  accept: [webhook(stripe({secret: secret('STRIPE_WEBHOOK_SECRET')}))],
});

export const analytics = defineStream({
  name: 'analytics',
  owner: 'growth',
  description: "Calls of Segment's libraries, in order per person",
  schema: z.looseObject({
    type: z.string().max(32).optional(),
    userId: z.string().max(256).nullish(),
    anonymousId: z.string().max(256).nullish(),
  }),
  key: (call) => call.userId ?? call.anonymousId ?? 'nobody',
  partitions: 2,
  accept: [apiKey(), segment()],
});

export const logs = defineStream({
  name: 'logs',
  owner: 'platform',
  description: 'Log records of OpenTelemetry, in order per service',
  schema: otlpLog,
  key: (log) => attributeOf(log.resource, 'service.name') ?? 'unknown',
  partitions: 2,
  accept: [apiKey(), otlpLogs()],
});

export default definePipeline({
  name: 'demo',
  streams: [readings, github, payments, analytics, logs],
  views: [
    tumbling(readings, {
      name: 'station-hour',
      description: 'Temperature per station and hour',
      sizeMs: minutes(60),
      graceMs: minutes(1),
      emit: 'final',
      aggregates: {
        readings: count(),
        meanC: mean((reading) => reading.temperatureC),
        minC: min((reading) => reading.temperatureC),
        maxC: max((reading) => reading.temperatureC),
      },
    }),
    tumbling(github, {
      name: 'repository-hour',
      description: 'Deliveries per repository and hour',
      sizeMs: hours(1),
      graceMs: minutes(1),
      emit: 'updates',
      aggregates: {deliveries: count()},
    }),
  ],
});
