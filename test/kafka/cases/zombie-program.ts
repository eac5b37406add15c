/**
 * A producer in a process of its own, to be stopped in the middle. Options are JSON in the first argument. Says `first`
 * and the outcome; waits for a line; says `late` and the outcome.
 */
import {createInterface} from 'node:readline';
import {connectKafka} from '../../../src/kafka/connect-kafka.ts';
import type {KafkaClient} from '../../../src/kafka/ports.ts';
import {textRecord, transact} from '../../support/kafka-records.ts';

export interface ZombieOptions {
  readonly client: KafkaClient;
  readonly brokers: string;
  readonly topic: string;
  readonly id: string;
  readonly timeoutMs: number;
}

const options = JSON.parse(process.argv[2] ?? '{}') as ZombieOptions;
const {client, brokers, topic, id, timeoutMs} = options;
const kafka = connectKafka({client, brokers: [brokers], clientId: 'zombie'});
const producer = await kafka.openFencedProducer(id, timeoutMs);
const first = await transact(producer, [textRecord(topic, 0, 'first')]);
console.log('first', first.kind);
const lines = createInterface({input: process.stdin})[Symbol.asyncIterator]();
await lines.next();
const late = await transact(producer, [textRecord(topic, 0, 'late')]);
console.log('late', late.kind);
process.exit(0);
