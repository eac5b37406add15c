import * as z from 'zod';
import {expect, test} from 'vitest';
import {findSlowPatterns} from '../../dev/find-slow-patterns.ts';
import {apiKey, defineStream} from '../../src/define/index.ts';
import shipped from '../../src/pipeline.ts';

const streamOf = (schema: z.ZodType) =>
  defineStream({name: 'texts', owner: 'tests', schema, partitions: 1, accept: [apiKey()]});

test('a pattern that a short text makes slow is named with its stream and such a text', async () => {
  const schema = z.object({
    deep: z.array(z.object({slow: z.string().regex(/^(a+)+$/)})).max(9),
    fine: z.string().regex(/^[a-z]{1,9}$/),
  });
  const problems = await findSlowPatterns({streams: [streamOf(schema)]});
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain('stream "texts": /^(a+)+$/ takes exponential time');
});

test('the shipped pipeline and the formats of zod have none', async () => {
  const formats = z.object({time: z.iso.datetime(), email: z.email(), id: z.uuid(), url: z.url()});
  expect(await findSlowPatterns(shipped)).toEqual([]);
  expect(await findSlowPatterns({streams: [streamOf(formats)]})).toEqual([]);
});
