import {expect, test} from 'vitest';
import {bootstrapTurns} from '../../src/kafka/bootstrap-turns.ts';

test('each client begins at the next broker and knows all of them', () => {
  const next = bootstrapTurns({brokers: ['a:1', 'b:2', 'c:3'], clientId: 'drain'});
  expect([next(), next(), next(), next()].map(({brokers}) => brokers.join())).toEqual([
    'a:1,b:2,c:3',
    'b:2,c:3,a:1',
    'c:3,a:1,b:2',
    'a:1,b:2,c:3',
  ]);
});
