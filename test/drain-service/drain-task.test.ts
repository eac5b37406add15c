/**
 * Single steps of the task against models of both its ends. Whatever happens, each record is in the log once, in order.
 * Schedules of everything at once are the simulation's (test/simulation), with the same task.
 */
import {randomUUID} from 'node:crypto';
import {setTimeout as sleep} from 'node:timers/promises';
import {expect, test} from 'vitest';
import {ByteBudget} from '../../drain-service/byte-budget.ts';
import {drainMetrics} from '../../drain-service/drain-metrics.ts';
import {DrainTask} from '../../drain-service/drain-task.ts';
import {MAX_HELD_BYTES} from '../../drain-service/limits.ts';
import {isRestoreMark} from '../../src/kafka/restore-mark.ts';
import {fromUtf8, utf8} from '../../src/lib/bytes.ts';
import {systemClock} from '../../src/lib/clock.ts';
import {decodeProgress} from '../../src/protocol/drain-progress.ts';
import {TopicNames} from '../../src/protocol/topics.ts';
import {SEQ_HEADER} from '../../src/record/kafka-headers.ts';
import {shardOf} from '../../src/record/shard.ts';
import {ModelShard} from '../support/model-gateway.ts';
import {ModelKafka, type ModelOutcome} from '../support/model-kafka.ts';
import {modelLinks} from '../support/model-link.ts';
import {waitUntil} from '../support/wait-until.ts';

const TASK = 3;
const SHARDS = [shardOf('s', 0), shardOf('s', 1), shardOf('t', 0)];
const names = new TopicNames('', 'model');
/** Longer than a link needs to come back after it was cut. */
const SLOW_TRANSACTION_MS = 120;
const quiet = {info: () => {}, warn: () => {}, error: () => {}};

class World {
  readonly shards = new Map(SHARDS.map(({name}) => [name, new ModelShard(name)]));
  readonly kafka: ModelKafka;
  readonly metrics = drainMetrics({lagSeconds: () => 0, held: new ByteBudget(MAX_HELD_BYTES)});
  #owner: DrainTask | null = null;
  readonly #runs: Promise<void>[] = [];

  constructor(outcomes: readonly ModelOutcome[], transactionMs = 2) {
    const left = [...outcomes];
    this.kafka = new ModelKafka({
      outcome: () => left.shift() ?? 'committed',
      delay: () => sleep(transactionMs),
    });
  }

  /** A new owner; the old one is told to stop but goes on with what it has begun. */
  replaceOwner(): void {
    this.#owner?.stop();
    this.#owner = new DrainTask({
      task: TASK,
      shards: SHARDS,
      kafka: this.kafka,
      names,
      openLink: modelLinks((name) => this.shards.get(name)!),
      creditBytes: 2_000,
      held: new ByteBudget(MAX_HELD_BYTES),
      metrics: this.metrics,
      onError: () => {},
      onCommitted: () => {},
      log: quiet,
      clock: systemClock,
      random: () => 0,
      newId: randomUUID,
    });
    this.#runs.push(this.#owner.run());
  }

  append(shard: number, count: number): void {
    const model = this.shards.get(SHARDS[shard]!.name)!;
    const records = Array.from({length: count}, (_, index) => ({
      key: null,
      value: utf8(String(model.nextSeq + index)),
      headers: [],
    }));
    model.append(records);
  }

  async drained(): Promise<void> {
    await waitUntil('all shards to be trimmed', 20_000, () =>
      [...this.shards.values()].every(({firstSeq, nextSeq}) => firstSeq === nextSeq),
    );
    this.#owner?.stop();
    await Promise.all(this.#runs);
  }

  expectOnce(): void {
    for (const {name, stream, partition} of SHARDS) {
      const log = this.kafka.log(names.data(stream), partition);
      const dense = Array.from({length: this.shards.get(name)!.nextSeq - 1}, (_, n) =>
        String(n + 1),
      );
      expect(
        log.map(({value}) => fromUtf8(value!)),
        name,
      ).toEqual(dense);
      expect(log.map(({headers}) => fromUtf8(new Map(headers).get(SEQ_HEADER)!))).toEqual(dense);
    }
    const progress = new Map(
      this.kafka
        .log(names.drainProgress(), TASK)
        .filter((record) => !isRestoreMark(record))
        .map(({key, value}) => [fromUtf8(key!), decodeProgress(value!).seq]),
    );
    for (const {name, nextSeq} of this.shards.values())
      expect(progress.get(name) ?? 0, `progress of ${name}`).toBe(nextSeq - 1);
  }
}

test('a link that comes back during a transaction reads on after it, and not the same again', async () => {
  const world = new World([], 5 * SLOW_TRANSACTION_MS);
  world.replaceOwner();
  const model = world.shards.get('s/0')!;
  await waitUntil('the link', 5_000, () => model.isConnected);
  world.append(0, 5);
  await waitUntil('the transaction', 5_000, () => world.kafka.begun === 1);
  model.cut();
  await waitUntil('the link to come back', 5_000, () => model.readAfter.length === 2);
  expect(model.readAfter).toEqual([0, 5]);
  world.append(0, 5);
  await world.drained();
  world.expectOnce();
});

test('a transaction that is aborted is tried again as it is, and again only so often', async () => {
  const world = new World(Array.from({length: 9}, () => 'aborted' as const));
  world.replaceOwner();
  world.append(0, 5);
  await world.drained();
  world.expectOnce();
  expect(world.metrics.transactions.value({outcome: 'aborted'})).toBe(9);
});

test('an owner that was replaced is fenced at its next transaction, and is counted', async () => {
  const world = new World([]);
  world.replaceOwner();
  world.append(0, 5);
  await waitUntil('the first owner to drain', 5_000, () => world.shards.get('s/0')!.firstSeq === 6);
  await world.kafka.openFencedProducer(names.identity('drain', String(TASK)));
  world.append(0, 5);
  await waitUntil('it to notice', 5_000, () => world.metrics.fenced.value() === 1);
  await world.drained();
  world.expectOnce();
});
