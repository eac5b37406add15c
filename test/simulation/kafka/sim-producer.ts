/** The port's producer over the simulated wire: what both adapters promise, with nothing retried in secret. */
import type {FencedProducer, OutgoingRecord, TransactionOutcome} from '../../../src/kafka/ports.ts';
import {ForebayError} from '../../../src/lib/errors.ts';
import {fromUtf8} from '../../../src/lib/bytes.ts';
import type {SimProcess} from '../engine/scheduler.ts';
import type {Claim, Reply} from './sim-broker.ts';
import type {SimLog} from './sim-log.ts';
import type {Answer, SimWire} from './sim-wire.ts';

const OPEN_TIMEOUT_MS = 20_000;
const ASK_TIMEOUT_MS = 1_500;
const BUSY_MS = 15;

export interface ProducerOptions {
  readonly wire: SimWire;
  readonly client: SimProcess;
  readonly transactionalId: string;
  readonly timeoutMs: number;
}

export async function openSimProducer(options: ProducerOptions): Promise<FencedProducer> {
  const {wire, client, transactionalId: id, timeoutMs} = options;
  const {scheduler} = wire.world;
  const endMs = scheduler.nowMs + OPEN_TIMEOUT_MS;
  while (scheduler.nowMs < endMs) {
    const answer = await wire.ask<Reply<number>>(client, {
      api: 'init',
      timeoutMs: ASK_TIMEOUT_MS,
      handle: (reply) => reply(wire.broker.initProducerId(id, timeoutMs)),
    });
    if (answer?.value.kind === 'ok')
      return new SimProducer(options, {id, epoch: answer.value.value});
    await pause(BUSY_MS);
  }
  throw new ForebayError({code: 'KAFKA_UNAVAILABLE', message: `${id} cannot be opened`});
}

class SimProducer implements FencedProducer {
  readonly #options: ProducerOptions;
  readonly #claim: Claim;
  #underWay: readonly OutgoingRecord[] | null = null;

  constructor(options: ProducerOptions, claim: Claim) {
    this.#options = options;
    this.#claim = claim;
    // Its owner never learns.
    options.client.onDeath.push(() => this.#tell('unknown'));
  }

  /**
   * Dead after `unknown` or `fenced`, as far as the port goes; but it does not stop who goes on all the same: then late
   * frames of the old transaction count for the new one.
   */
  async transact(
    records: readonly OutgoingRecord[],
    deadlineMs: number,
  ): Promise<TransactionOutcome> {
    const {wire} = this.#options;
    this.#underWay = records;
    const outcome = await this.#transact(records, wire.world.scheduler.nowMs + deadlineMs);
    this.#tell(outcome.kind);
    return outcome;
  }

  async close(): Promise<void> {}

  #tell(outcome: TransactionOutcome['kind']): void {
    if (this.#underWay === null) return;
    const {wire, client} = this.#options;
    wire.world.tell({
      type: 'transaction',
      producer: `${this.#claim.id} of ${client.name}`,
      transaction: ++wire.transactions,
      outcome,
      records: this.#underWay.map(nameOf),
    });
    this.#underWay = null;
  }

  async #transact(records: readonly OutgoingRecord[], endMs: number): Promise<TransactionOutcome> {
    const {broker} = this.#options.wire;
    const parts = Map.groupBy(records, ({topic, partition}) => broker.log(topic, partition));
    const answers = await Promise.all(
      Array.from(parts, ([log, own]) => this.#produce(log, own, endMs)),
    );
    if (answers.includes('silent')) return unknown('a produce request was not answered');
    if (answers.includes('fenced')) return fenced();
    const isCommit = answers.every((answer) => answer === 'ok');
    const end = await this.#end(isCommit, endMs);
    if (end === 'fenced') return fenced();
    if (end !== 'ok') return unknown('the end of the transaction was not answered');
    if (isCommit) return {kind: 'committed'};
    return {
      kind: 'aborted',
      error: new Error('a produce request failed'),
      isRefused: answers.includes('refused'),
    };
  }

  #produce(log: SimLog, records: readonly OutgoingRecord[], endMs: number) {
    const claim = {...this.#claim};
    return this.#patiently(endMs, (timeoutMs) =>
      this.#options.wire.ask<Reply>(this.#options.client, {
        api: 'produce',
        timeoutMs,
        handle: (reply) => reply(this.#options.wire.broker.produce(claim, log, records)),
      }),
    );
  }

  #end(isCommit: boolean, endMs: number) {
    const claim = {...this.#claim};
    return this.#patiently(endMs, async (timeoutMs) => {
      const answer = await this.#options.wire.ask<Reply<number>>(this.#options.client, {
        api: 'end',
        timeoutMs,
        handle: (reply) => reply(this.#options.wire.broker.endTransaction(claim, isCommit)),
      });
      if (answer?.value.kind === 'ok') this.#claim.epoch = answer.value.value;
      return answer;
    });
  }

  /** Again while the broker says that it is busy, which it says before it does anything. */
  async #patiently(
    endMs: number,
    ask: (timeoutMs: number) => Promise<Answer<Reply<number | null>>>,
  ): Promise<Reply['kind'] | 'silent'> {
    const {scheduler} = this.#options.wire.world;
    for (;;) {
      const leftMs = endMs - scheduler.nowMs;
      if (leftMs <= 0) return 'silent';
      const answer = await ask(leftMs);
      if (answer === null) return 'silent';
      if (answer.value.kind !== 'busy') return answer.value.kind;
      await pause(BUSY_MS);
    }
  }
}

function unknown(message: string): TransactionOutcome {
  return {kind: 'unknown', error: new Error(message)};
}

function fenced(): TransactionOutcome {
  return {kind: 'fenced', error: new Error('a newer producer has this id')};
}

/** Of the process whose event this is. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}

function nameOf({topic, partition, key, headers}: OutgoingRecord): string {
  const id = headers.find(([name]) => name === 'ce_id')?.[1];
  return `${topic}/${partition}#${id === undefined ? textOf(key) : fromUtf8(id)}`;
}

function textOf(key: Uint8Array | null): string {
  return key === null ? '' : Buffer.from(key).toString('latin1');
}
