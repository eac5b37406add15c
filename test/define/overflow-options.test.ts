import {expect, test} from 'vitest';
import * as z from 'zod';
import {apiKey, definePipeline, defineStream} from '../../src/define/index.ts';
import type {StreamOptions} from '../../src/define/stream.ts';

const schema = z.object({station: z.string()});

function stream(options: Partial<StreamOptions<typeof schema>>) {
  const name = 'readings';
  return defineStream({name, owner: 'team', schema, partitions: 1, accept: [apiKey()], ...options});
}

test('a stream overflows unless it says otherwise, and keeps the order of its keys if it has any', () => {
  const keyed = stream({key: ({station}) => station});
  expect(keyed).toMatchObject({whenFull: 'overflow', overflowOrder: 'kept'});
  expect(stream({})).toMatchObject({whenFull: 'overflow', overflowOrder: 'waived'});
  expect(stream({whenFull: 'reject', overflowOrder: 'kept'})).toMatchObject({
    whenFull: 'reject',
    overflowOrder: 'kept',
  });
});

test('anything else is a problem of the definition', () => {
  const wrong = stream({whenFull: 'drop', overflowOrder: 'any'} as object);
  const define = () => definePipeline({name: 'demo', streams: [wrong], views: []});
  expect(define).toThrow('whenFull must be');
  expect(define).toThrow('overflowOrder must be');
});
