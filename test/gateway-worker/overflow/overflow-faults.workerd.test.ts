/**
 * The real Worker's half, the real shard and the real consumer, with every call between them failing now and then: whatever
 * is answered 2xx is in the log exactly once, in the order of its key, and nothing holds the shard up for good.
 */
import {expect, test, vi} from 'vitest';
import {randomOf} from '../../../dev/random-of.ts';
import {hashId} from '../../../gateway-worker/accept/event-ids.ts';
import {encodeBatches} from '../../../gateway-worker/buffer/encode-batches.ts';
import {ShardClient} from '../../../gateway-worker/buffer/shard-client.ts';
import {Deadline} from '../../../gateway-worker/deadline.ts';
import {consumeOverflow} from '../../../gateway-worker/overflow/consume-overflow.ts';
import {utf8} from '../../../src/lib/bytes.ts';
import {drainShard} from '../support/drain-shard.ts';
import {query} from '../support/shard-records.ts';
import {FaultyWorld} from '../support/faulty-world.ts';

vi.setConfig({testTimeout: 60_000});

const RUNS = 4;
const KEYS = 4;
const EVENTS_A_KEY = 12;
/** Without ids, and so never sent again: at most once, and once when answered 2xx. */
const PLAIN_EVENTS = 12;
const FAULT_RATE = 0.12;
const MAX_TRIES = 400;

const silent = {info: () => undefined, warn: () => undefined, error: () => undefined};
const waitUntil = (promise: Promise<unknown>) => void promise.catch(() => undefined);
const tick = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

class Run {
  readonly world: FaultyWorld;
  readonly accepted = new Set<string>();
  readonly drained: (readonly [seq: number, value: string])[] = [];
  readonly #random: () => number;
  #sending = 0;

  constructor(order: 'kept' | 'waived', seed: number) {
    this.#random = randomOf(seed);
    this.world = new FaultyWorld(`overflow-${order}/${crypto.randomUUID()}`, this.#random);
  }

  get isSending(): boolean {
    return this.#sending > 0;
  }

  /** One event after the other, each again until it is accepted. */
  async sendKey(key: number): Promise<void> {
    this.#sending += 1;
    const client = this.#client();
    for (let n = 0; n < EVENTS_A_KEY; n += 1) {
      const value = `${key}:${n}`;
      for (let tries = 1; !(await this.#isAccepted(client, value, value)); tries += 1) {
        if (tries === MAX_TRIES) throw new Error(`${value} was never accepted`);
        await tick(2);
      }
    }
    this.#sending -= 1;
  }

  async sendPlain(): Promise<void> {
    this.#sending += 1;
    const client = this.#client();
    for (let n = 0; n < PLAIN_EVENTS; n += 1) {
      await this.#isAccepted(client, `plain:${n}`, null);
      await tick(5 * this.#random());
    }
    this.#sending -= 1;
  }

  async consume(): Promise<void> {
    await consumeOverflow(
      {messages: this.world.deliver(1 + Math.floor(6 * this.#random()))},
      {env: this.world.env, nowMs: () => Date.now(), random: this.#random, log: silent},
    );
  }

  async drain(): Promise<void> {
    // An object that is aborted takes the drain's connection with it; a drain comes back.
    const page = await drainShard(this.world.shard(), {isTrimmed: true}).catch(() => []);
    this.drained.push(...page);
  }

  /** Something happens to the shard. */
  async disturb(): Promise<void> {
    const dice = this.#random();
    if (dice < 0.1) await this.world.abort();
    else if (dice < 0.15) await this.world.passTime();
    else if (dice < 0.45) await this.drain();
    else await this.consume();
  }

  #client(): ShardClient {
    return new ShardClient({
      nowMs: () => Date.now(),
      random: this.#random,
      log: silent,
      orders: new Map([
        ['overflow-kept', 'kept'],
        ['overflow-waived', 'waived'],
      ]),
      newMessageId: () => crypto.randomUUID(),
    });
  }

  async #isAccepted(client: ShardClient, value: string, id: string | null): Promise<boolean> {
    const record = {key: value.split(':')[0]!, value: utf8(value), headers: []};
    const idHash = id === null ? null : await hashId(id);
    const batches = encodeBatches({receivedMs: Date.now(), headers: []}, [{record, idHash}]);
    const deadline = new Deadline(10_000);
    const scope = {env: this.world.env, deadline, waitUntil};
    const {kind} = await client.append(this.world.name, batches, scope);
    deadline.clear();
    const isAccepted = kind === 'stored' || kind === 'waiting';
    if (isAccepted) this.accepted.add(value);
    return isAccepted;
  }
}

async function settle(run: Run): Promise<void> {
  run.world.faultRate = 0;
  for (let round = 0; round < 300; round += 1) {
    if (round % 5 === 0) await run.world.passTime();
    await run.consume();
    await run.drain();
    const {overflowed, records} = await run.world.shard().status();
    if (run.world.queued.length === 0 && overflowed === 0 && records === 0) return;
  }
  throw new Error(`the line does not empty: ${JSON.stringify(await run.world.shard().status())}`);
}

test.each(
  (['kept', 'waived'] as const).flatMap((order) =>
    Array.from({length: RUNS}, () => ({order, seed: Math.floor(Math.random() * 2 ** 31)})),
  ),
)('order $order, seed $seed', async ({order, seed}) => {
  const run = new Run(order, seed);
  run.world.faultRate = FAULT_RATE;
  const senders = [...Array.from({length: KEYS}, (_, key) => run.sendKey(key)), run.sendPlain()];
  const disturbed = (async () => {
    while (run.isSending) {
      await run.disturb().catch(() => undefined);
      await tick(1);
    }
  })();
  await Promise.all(senders);
  await disturbed;
  await settle(run);

  const bySeq = new Map(run.drained);
  expect([...bySeq.keys()].toSorted((one, other) => one - other)).toEqual(
    Array.from({length: bySeq.size}, (_, index) => index + 1),
  );
  const log = [...bySeq].toSorted(([one], [other]) => one - other).map(([, value]) => value);
  expect(new Set(log).size).toBe(log.length);
  expect([...run.accepted].filter((value) => !log.includes(value))).toEqual([]);
  if (order === 'kept') {
    for (let key = 0; key < KEYS; key += 1)
      expect(log.filter((value) => value.startsWith(`${key}:`))).toEqual(
        Array.from({length: EVENTS_A_KEY}, (_, n) => `${key}:${n}`),
      );
  }
  expect(await query(run.world.shard(), 'SELECT number FROM overflow_ticket')).toEqual([]);
  expect(await query(run.world.shard(), 'SELECT number FROM overflow_part')).toEqual([]);
});
