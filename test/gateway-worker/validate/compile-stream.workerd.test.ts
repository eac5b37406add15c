/** In Workers a schema that is not compiled is 20 times slower, and zod falls back without a word unless told not to. */
import {expect, test} from 'vitest';
import * as z from 'zod';
import {checkEvent, compileStream} from '../../../gateway-worker/validate/check-event.ts';
import {apiKey, defineStream} from '../../../src/define/index.ts';
import pipeline from '../../../src/pipeline.ts';
import {testPipeline} from '../support/test-pipeline.ts';

const streamOf = (schema: z.ZodType) =>
  defineStream({name: 's', owner: 'tests', schema, partitions: 1, accept: [apiKey()]});

test.each(
  [...pipeline.streams, ...testPipeline.streams].map((stream) => [stream.name, stream] as const),
)('the schema of %s becomes code and does not fall back', (_, stream) => {
  const compiled = compileStream(stream);
  expect(compiled.schema).not.toBe(stream.schema);
});

test('a schema that cannot be compiled is an error at load, not a slow gateway', () => {
  const asynchronous = z.string().refine(async (text) => (await Promise.resolve(text)) !== '');
  expect(() => compileStream(streamOf(z.object({a: asynchronous})))).toThrow();
});

test('compiled and plain schema say the same', () => {
  const schema = z.object({a: z.string().max(3), b: z.array(z.int()).max(2).optional()});
  const compiled = compileStream(streamOf(schema));
  for (const value of [
    {a: 'x'},
    {a: 'xxxx'},
    {a: 'x', b: [1, 2, 3]},
    {a: 'x', b: [1.5]},
    null,
    [],
    5,
  ]) {
    const issues = checkEvent(compiled, {value}).issues;
    const plain = schema.safeParse(value);
    expect(issues === null).toBe(plain.success);
    expect(issues?.map(({detail}) => detail)).toEqual(
      plain.error?.issues.map(({message}) => message),
    );
  }
});

test('a schema that throws makes the event invalid and not the request', () => {
  const schema = z.unknown().refine(() => {
    throw new RangeError('too much');
  });
  expect(checkEvent(compileStream(streamOf(schema)), {value: {}}).issues).toMatchObject([
    {pointer: '#', code: 'schema-failed'},
  ]);
});

test('at most ten issues of an event are reported, each bounded', () => {
  const schema = z.record(z.string(), z.string());
  const event = Object.fromEntries(
    Array.from({length: 50}, (_, index) => ['k'.repeat(1_000) + index, 1]),
  );
  const {issues} = checkEvent(compileStream(streamOf(schema)), {value: event});
  expect(issues).toHaveLength(10);
  for (const {pointer} of issues!) expect(pointer.length).toBeLessThanOrEqual(300);
});
