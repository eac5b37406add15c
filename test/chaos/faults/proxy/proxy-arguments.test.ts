import {expect, test} from 'vitest';
import {proxyArguments} from './proxy-arguments.ts';

const PORTS = ['--listen', '19092', '--to', '9092'];

test('every name given is a rule, and what is not given is as without a proxy', () => {
  const args = [
    ...PORTS,
    '--hold',
    'EndTxn:5000',
    '--drop',
    'Produce',
    '--drop',
    '*',
    '--times',
    '2',
  ];
  const {rules, shape, ...rest} = proxyArguments(args);
  expect(rest).toEqual({
    listenPort: 19092,
    targetPort: 9092,
    protocol: 'kafka',
    cutEveryMs: 0,
    resetEveryMs: 0,
    seed: undefined,
  });
  expect(shape).toEqual({latencyMs: 0, bytesPerSecond: 0, sliceBytes: 0, blocked: []});
  const counted = {direction: 'request', skip: 0, times: 2};
  expect(rules).toEqual([
    {...counted, name: 'Produce', action: {kind: 'drop'}},
    {...counted, name: '*', action: {kind: 'drop'}},
    {...counted, name: 'EndTxn', action: {kind: 'hold', ms: 5_000}},
  ]);
});

test.each([
  [['--listen', '1'], '--to is missing'],
  [[...PORTS, '--drop', 'Commit'], 'Commit is none of Produce'],
  [[...PORTS, '--latency', 'long'], '--latency is a whole number'],
  [[...PORTS, '--protocol', 'amqp'], '--protocol is kafka, http or tcp'],
  [[...PORTS, '--sever', 'x'], "Unknown option '--sever'"],
])('%j is refused with the reason', (args, reason) => {
  expect(() => proxyArguments(args)).toThrow(reason);
});
