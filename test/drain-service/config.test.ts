import {expect, test} from 'vitest';
import {drainConfig, parseTasks} from '../../drain-service/config.ts';

test('with nothing but a key the drain runs on one machine', () => {
  expect(drainConfig({FOREBAY_DRAIN_KEY: 'fb_dev_1_x'})).toMatchObject({
    gatewayUrl: 'http://127.0.0.1:8787',
    key: 'fb_dev_1_x',
    port: 8788,
    host: '127.0.0.1',
    topicPrefix: '',
    fixedTasks: null,
    kafka: {brokers: ['127.0.0.1:9092']},
  });
});

test('all problems are told at once, those of Kafka too', () => {
  const env = {FOREBAY_DRAIN_PORT: '-1', FOREBAY_DRAIN_TASKS: '9', KAFKA_BROKERS: 'nowhere'};
  let message = '';
  try {
    drainConfig(env);
  } catch (error) {
    message = (error as Error).message;
  }
  for (const part of ['FOREBAY_DRAIN_KEY', 'FOREBAY_DRAIN_PORT', 'FOREBAY_DRAIN_TASKS', 'nowhere'])
    expect(message).toContain(part);
});

test('a list of tasks names single ones and ranges', () => {
  expect(parseTasks('0,3-7')).toEqual([0, 3, 4, 5, 6, 7]);
  expect(parseTasks(' 5 , 1 - 2,1')).toEqual([1, 2, 5]);
  for (const bad of ['', '8', '0-8', '4-2', '1,,2', 'x', '1.5', '-1'])
    expect(() => parseTasks(bad), bad).toThrow('must list tasks');
});
