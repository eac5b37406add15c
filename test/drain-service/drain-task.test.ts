/**
 * The task against models of both its ends, under schedules of everything that can go wrong at once: outcomes nobody
 * knows, aborts, owners replaced in mid-flight, links cut in mid-batch. Whatever happens, each record is in the log once,
 * in order. Owners are replaced without waiting for them, so an old one goes on beside the new one until Kafka refuses it.
 */
import * as fc from 'fast-check';
import {setTimeout as sleep} from 'node:timers/promises';
import {expect, test} from 'vitest';
import {ByteBudget} from '../../drain-service/byte-budget.ts';
import {drainMetrics} from '../../drain-service/drain-metrics.ts';
import {DrainTask} from '../../drain-service/drain-task.ts';
import {MAX_HELD_BYTES} from '../../drain-service/limits.ts';
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
        .map(({key, value}) => [fromUtf8(key!), decodeProgress(value!).seq]),
    );
    for (const {name, nextSeq} of this.shards.values())
      expect(progress.get(name) ?? 0, `progress of ${name}`).toBe(nextSeq - 1);
  }
}

type Act =
  | {readonly kind: 'append'; readonly shard: number; readonly count: number}
  | {readonly kind: 'cut' | 'hole' | 'half' | 'repeat'; readonly shard: number}
  | {readonly kind: 'replace'}
  | {readonly kind: 'wait'; readonly ms: number};

const shard = fc.nat({max: SHARDS.length - 1});
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      shard,
      count: fc.integer({min: 1, max: 60}),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('cut' as const, 'hole' as const, 'half' as const, 'repeat' as const),
      shard,
    }),
  },
  {weight: 1, arbitrary: fc.record({kind: fc.constant('replace' as const)})},
  {
    weight: 3,
    arbitrary: fc.record({kind: fc.constant('wait' as const), ms: fc.integer({min: 0, max: 20})}),
  },
);
const outcome = fc.constantFrom<ModelOutcome[]>(
  'committed',
  'committed',
  'aborted',
  'unknownApplied',
  'unknownLost',
);

async function perform(world: World, step: Act): Promise<void> {
  switch (step.kind) {
    case 'append':
      return world.append(step.shard, step.count);
    case 'replace':
      return world.replaceOwner();
    case 'wait':
      await sleep(step.ms);
      return;
    case 'cut':
      return world.shards.get(SHARDS[step.shard]!.name)!.cut();
    case 'hole':
    case 'repeat':
    case 'half': {
      const fault = step.kind === 'half' ? 'cut' : step.kind;
      world.shards.get(SHARDS[step.shard]!.name)!.faults.push(fault);
    }
  }
}

test('under any schedule of faults every record is committed once, in order, with its progress', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(act, {minLength: 5, maxLength: 40}),
      fc.array(outcome, {maxLength: 12}),
      fc.constantFrom(2, SLOW_TRANSACTION_MS),
      async (steps, outcomes, transactionMs) => {
        const world = new World(outcomes, transactionMs);
        world.replaceOwner();
        for (const step of steps) await perform(world, step);
        await world.drained();
        world.expectOnce();
      },
    ),
    {numRuns: 12, endOnFailure: true},
  );
}, 120_000);

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
