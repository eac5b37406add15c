import {expect, test} from 'vitest';
import * as z from 'zod';
import {
  apiKey,
  count,
  definePipeline,
  defineStream,
  github,
  secret,
  tumbling,
  webhook,
} from '../../src/define/index.ts';
import {ForebayError} from '../../src/lib/errors.ts';

const readings = defineStream({
  name: 'readings',
  owner: 'team',
  schema: z.object({station: z.string()}),
  key: (reading) => reading.station,
  partitions: 2,
  accept: [apiKey()],
});
const perMinute = tumbling(readings, {
  name: 'per-minute',
  sizeMs: 60_000,
  graceMs: 0,
  emit: 'final',
  aggregates: {readings: count()},
});

test('all problems of a definition are reported at once, each naming its place', () => {
  const nameless = defineStream({
    name: 'No Name',
    owner: ' ',
    schema: z.object({}),
    partitions: 0,
    accept: [],
    maxEventBytes: 2 ** 30,
  });
  const twins = [1, 2].map((n) =>
    defineStream({
      name: `twin-${n}`,
      owner: 'team',
      schema: z.object({}),
      partitions: 1,
      accept: [webhook(github({secret: secret('S')}))],
    }),
  );
  const keyless = tumbling(twins[0]!, {
    name: 'keyless',
    sizeMs: 0.5,
    graceMs: -1,
    emit: 'final',
    retentionMs: -5,
    aggregates: {start: count()},
  });
  const outside = tumbling(readings, {
    name: 'outside',
    sizeMs: 1,
    graceMs: 0,
    emit: 'final',
    aggregates: {},
  });

  const error = caught(() =>
    definePipeline({
      name: 'Bad!',
      streams: [nameless, ...twins, twins[0]!],
      views: [keyless, outside, keyless],
    }),
  );

  expect(error.code).toBe('PIPELINE_INVALID');
  for (const part of [
    'pipeline name "Bad!"',
    'stream "No Name": the name',
    'stream "No Name": owner',
    'stream "No Name": partitions',
    'stream "No Name": accept',
    'stream "No Name": maxEventBytes',
    'two streams are named "twin-1"',
    'webhook source "github"',
    'two views or tables are named "keyless"',
    'view "keyless": its stream "twin-1" has no key',
    'view "keyless": sizeMs',
    'view "keyless": graceMs',
    'view "keyless": retentionMs',
    'view "keyless": aggregate "start"',
    'view "outside": its stream "readings" is not in streams',
    'view "outside": aggregates is empty',
  ]) {
    expect(error.message).toContain(part);
  }
});

test('a schema the edge cannot compile, and a name that would give two topics one name, are problems', () => {
  const slow = defineStream({
    name: 'same',
    owner: 'team',
    schema: z.object({id: z.string().refine(async () => true)}),
    partitions: 1,
    accept: [apiKey()],
  });
  const error = caught(() => definePipeline({name: 'same', streams: [slow], views: []}));
  expect(error.message).toContain('stream "same": the schema cannot be compiled');
  expect(error.message).toContain('pipeline and stream are both named "same"');
});

test('a pipeline is frozen, and its fingerprint changes with what it means', () => {
  const pipeline = definePipeline({name: 'demo', streams: [readings], views: [perMinute]});
  const same = definePipeline({name: 'demo', streams: [readings], views: [perMinute]});
  const wider = definePipeline({
    name: 'demo',
    streams: [readings],
    views: [{...perMinute, graceMs: 1}],
  });
  expect(Object.isFrozen(pipeline)).toBe(true);
  expect(same.fingerprint).toBe(pipeline.fingerprint);
  expect(wider.fingerprint).not.toBe(pipeline.fingerprint);
  expect(wider.schemaFingerprints).toEqual(pipeline.schemaFingerprints);
});

test('the shipped pipeline is valid: readings in four partitions that keep extra fields, and a stream for each kind of sender', async () => {
  const {default: shipped, readings: stream} = await import('../../src/pipeline.ts');
  expect(shipped.streams.map(({name, partitions}) => [name, partitions])).toEqual([
    ['readings', 4],
    ['github', 4],
    ['payments', 2],
    ['analytics', 2],
    ['logs', 2],
  ]);
  expect(shipped.views.map((view) => [view.name, view.stream.name])).toEqual([
    ['station-hour', 'readings'],
    ['repository-hour', 'github'],
  ]);
  const extra = {station: 's', time: '2026-01-01T00:00:00Z', temperatureC: 1, battery: 0.9};
  expect(stream.schema.safeParse(extra).success).toBe(true);
});

function caught(action: () => unknown): ForebayError {
  try {
    action();
  } catch (error) {
    if (error instanceof ForebayError) return error;
  }
  throw new Error('expected a ForebayError');
}
