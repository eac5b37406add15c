import {runDurableObjectAlarm, runInDurableObject} from 'cloudflare:test';
import type {Env} from '../../../gateway-worker/env.ts';
import {query} from './shard-records.ts';
import type {ShardStub} from './shard-records.ts';
import {bindings} from './test-gateway.ts';

export interface QueuedMessage {
  readonly id: string;
  readonly body: Uint8Array;
  attempts: number;
}

/**
 * A real shard and a queue in memory, both reached through calls that fail: before they arrive, or after, when only the
 * answer is lost. To the shard, a Worker that dies looks like either. The queue delivers in any order and again.
 */
export class FaultyWorld {
  readonly name: string;
  readonly #random: () => number;
  readonly #queued = new Map<string, QueuedMessage>();
  #sent = 0;
  faultRate = 0;

  constructor(name: string, random: () => number) {
    this.name = name;
    this.#random = random;
  }

  get queued(): readonly QueuedMessage[] {
    return [...this.#queued.values()];
  }

  /** A new stub: one that saw its object end may be broken for good. */
  shard(): ShardStub {
    return bindings.SHARD.getByName(this.name);
  }

  get env(): Env {
    const call =
      (
        method:
          | 'append'
          | 'reserveOverflow'
          | 'confirmOverflow'
          | 'cancelOverflow'
          | 'takeOverflow',
      ) =>
      (argument: never) =>
        this.#faulty(async () => this.shard()[method](argument));
    const stub = {
      append: call('append'),
      reserveOverflow: call('reserveOverflow'),
      confirmOverflow: call('confirmOverflow'),
      cancelOverflow: call('cancelOverflow'),
      takeOverflow: call('takeOverflow'),
    };
    const sendBatch = (messages: Iterable<{body: Uint8Array}>) =>
      this.#faulty(() => {
        for (const {body} of messages) {
          this.#sent += 1;
          const id = `m${this.#sent}`;
          this.#queued.set(id, {id, body: body.slice(), attempts: 0});
        }
        return Promise.resolve();
      });
    const faulty: unknown = {...bindings, SHARD: {getByName: () => stub}, OVERFLOW: {sendBatch}};
    return faulty as Env;
  }

  /** Some of the queue's messages, in any order, some of them twice. */
  deliver(most: number): readonly Message[] {
    const picked = this.queued
      .map((message) => ({message, at: this.#random()}))
      .toSorted((one, other) => one.at - other.at)
      .slice(0, most);
    return [...picked, ...picked.filter(() => this.#random() < 0.2)].map(({message}) => {
      message.attempts += 1;
      return {
        ...message,
        timestamp: new Date(),
        body: message.body.slice().buffer,
        // An acknowledgement may be lost, too.
        ack: () => {
          if (!this.#happens(this.faultRate)) this.#queued.delete(message.id);
        },
        retry: () => undefined,
      };
    });
  }

  async abort(): Promise<void> {
    await runInDurableObject(this.shard(), (_, ctx) => ctx.abort('by the test')).catch(
      () => undefined,
    );
  }

  /** Tickets that nobody confirmed run out of time now, and the shard looks after them. */
  async passTime(): Promise<void> {
    await query(this.shard(), 'UPDATE overflow_ticket SET since_ms = since_ms - 31000');
    await this.abort();
    await runDurableObjectAlarm(this.shard());
  }

  async #faulty<T>(call: () => Promise<T>): Promise<T> {
    await this.#pause();
    if (this.#happens(this.faultRate)) throw new Error('lost before it arrived');
    const result = await call();
    await this.#pause();
    if (this.#happens(this.faultRate)) throw new Error('the answer was lost');
    return result;
  }

  #happens(rate: number): boolean {
    return this.#random() < rate;
  }

  async #pause(): Promise<void> {
    if (this.#happens(0.3)) await new Promise((resolve) => setTimeout(resolve, 3 * this.#random()));
  }
}
