import {Producer} from '@platformatic/kafka';
import {baseOptions} from '../../src/kafka/platformatic/client-base.ts';

export interface RawTransaction {
  send(records: readonly RawRecord[]): Promise<void>;
  commit(): Promise<void>;
  abort(): Promise<void>;
}

export interface RawRecord {
  readonly partition: number;
  readonly value: string;
  readonly key?: Uint8Array;
}

/**
 * A transactional producer below the port: the port has no way to abort on purpose or to leave a transaction
 * open, and tests of readers need both. It is the library's own, with its own encoder.
 */
export class RawProducer {
  readonly #producer: Producer;
  readonly #topic: string;

  constructor(options: {
    brokers: string;
    topic: string;
    transactionalId: string;
    timeoutMs?: number;
  }) {
    this.#topic = options.topic;
    this.#producer = new Producer({
      ...baseOptions({brokers: options.brokers.split(','), clientId: 'raw'}),
      transactionalId: options.transactionalId,
      idempotent: true,
      timeout: options.timeoutMs ?? 30_000,
      retries: 100,
      producerId: -1n,
      producerEpoch: -1,
    });
  }

  async begin(): Promise<RawTransaction> {
    const transaction = await this.#producer.beginTransaction();
    return {
      send: async (records) => {
        const messages = records.map(({partition, value, key}) => ({
          topic: this.#topic,
          partition,
          value: Buffer.from(value),
          ...(key === undefined ? {} : {key: Buffer.from(key)}),
        }));
        await transaction.send({messages});
      },
      commit: async () => await transaction.commit(),
      abort: async () => await transaction.abort(),
    };
  }

  async close(): Promise<void> {
    await this.#producer.close(true);
  }
}
