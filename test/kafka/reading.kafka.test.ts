import {describe, inject} from 'vitest';
import {connectKafka} from '../../src/kafka/connect-kafka.ts';
import {CLIENTS} from './cases/lab.ts';
import {readingCases} from './cases/reading-cases.ts';

describe.each(CLIENTS)('%s', (client) => {
  const brokers = inject('kafkaBrokers');
  const direct = connectKafka({client, brokers: brokers.split(','), clientId: 'reading-test'});
  readingCases(() => ({brokers, direct}));
});
