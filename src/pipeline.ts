import * as z from 'zod';
import {
  apiKey,
  count,
  definePipeline,
  defineStream,
  github as githubWebhook,
  hours,
  max,
  mean,
  min,
  minutes,
  secret,
  tumbling,
  webhook,
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
  accept: [apiKey()],
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

export default definePipeline({
  name: 'demo',
  streams: [readings, github],
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
