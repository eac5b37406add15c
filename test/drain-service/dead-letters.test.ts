/**
 * What Kafka refuses, among all else that can go wrong: exactly those records are dead letters, the rest is in its topic
 * in order, and what reads the topic can tell each jump from a loss.
 */
import {randomUUID} from 'node:crypto';
import * as fc from 'fast-check';
import {setTimeout as sleep} from 'node:timers/promises';
import {expect, test} from 'vitest';
import {ByteBudget} from '../../drain-service/byte-budget.ts';
import {drainMetrics} from '../../drain-service/drain-metrics.ts';
import {DrainTask} from '../../drain-service/drain-task.ts';
import {MAX_HELD_BYTES, MAX_TRANSACTION_RECORDS} from '../../drain-service/limits.ts';
import {fromUtf8, utf8} from '../../src/lib/bytes.ts';
import {systemClock} from '../../src/lib/clock.ts';
import type {OutgoingRecord} from '../../src/kafka/ports.ts';
import {DeadLetter} from '../../src/protocol/dead-letter.ts';
import {decodeProgress} from '../../src/protocol/drain-progress.ts';
import {TopicNames} from '../../src/protocol/topics.ts';
import {DEAD_LETTER_HEADER, PREVIOUS_SEQ_HEADER} from '../../src/record/kafka-headers.ts';
import {shardOf} from '../../src/record/shard.ts';
import {marksOf} from '../../stream-processor/event/record-marks.ts';
import {SeqGuard} from '../../stream-processor/event/seq-guard.ts';
import {ModelShard} from '../support/model-gateway.ts';
import {ModelKafka, type ModelOutcome} from '../support/model-kafka.ts';
import {modelLinks} from '../support/model-link.ts';
import {waitUntil} from '../support/wait-until.ts';

const TASK = 3;
const SHARDS = [shardOf('s', 0), shardOf('s', 1)];
const names = new TopicNames('', 'model');
const quiet = {info: () => {}, warn: () => {}, error: () => {}};

interface WorldOptions {
  readonly outcomes?: readonly ModelOutcome[];
  readonly refuses: (record: OutgoingRecord) => boolean;
}

class World {
  readonly shards = new Map(SHARDS.map(({name}) => [name, new ModelShard(name)]));
  readonly metrics = drainMetrics({lagSeconds: () => 0, held: new ByteBudget(MAX_HELD_BYTES)});
  readonly errors: string[] = [];
  readonly kafka: ModelKafka;
  #owner: DrainTask | null = null;
  readonly #runs: Promise<void>[] = [];

  constructor({outcomes = [], refuses}: WorldOptions) {
    const left = [...outcomes];
    this.kafka = new ModelKafka({
      outcome: () => left.shift() ?? 'committed',
      delay: () => sleep(1),
      refuses,
    });
  }

  replaceOwner(): void {
    this.#owner?.stop();
    this.#owner = new DrainTask({
      task: TASK,
      shards: SHARDS,
      kafka: this.kafka,
      names,
      openLink: modelLinks((name) => this.shards.get(name)!),
      creditBytes: 100_000,
      held: new ByteBudget(MAX_HELD_BYTES),
      metrics: this.metrics,
      onError: ({message, ...rest}) =>
        this.errors.push(`${(rest as {code?: string}).code} ${message}`),
      onCommitted: () => {},
      log: quiet,
      clock: systemClock,
      random: () => 0,
      newId: randomUUID,
    });
    this.#runs.push(this.#owner.run());
  }

  /** One request with these values. */
  append(shard: number, values: readonly string[]): void {
    const records = values.map((value) => ({key: null, value: utf8(value), headers: []}));
    this.shards.get(SHARDS[shard]!.name)!.append(records);
  }

  deadLetters(): number {
    const {shards} = this.#owner!.status();
    return shards.reduce((sum, {deadLetters}) => sum + (deadLetters ?? 0), 0);
  }

  async drained(): Promise<void> {
    await waitUntil('all shards to be trimmed', 20_000, () =>
      [...this.shards.values()].every(({firstSeq, nextSeq}) => firstSeq === nextSeq),
    );
    await this.stop();
  }

  async stop(): Promise<void> {
    this.#owner?.stop();
    await Promise.all(this.#runs);
  }

  texts(topic: string, partition: number): readonly string[] {
    return this.kafka.log(topic, partition).map(({value}) => fromUtf8(value!));
  }
}

const isBad = ({topic, value}: OutgoingRecord): boolean =>
  topic === names.data('s') && fromUtf8(value!).startsWith('bad');

function judge(world: World, appended: readonly (readonly string[])[]): void {
  SHARDS.forEach(({name, stream, partition}, index) => {
    const all = appended[index]!;
    const bad = all.filter((value) => value.startsWith('bad'));
    expect(world.texts(names.data(stream), partition), name).toEqual(
      all.filter((value) => !value.startsWith('bad')),
    );
    expect(world.texts(names.deadLetters(stream), partition), `refused of ${name}`).toEqual(bad);
    const guard = new SeqGuard();
    for (const record of world.kafka.log(names.data(stream), partition))
      expect(guard.check(marksOf(record)).kind, `${name} to its reader`).toBe('next');
    const last = world.kafka
      .log(names.drainProgress(), TASK)
      .findLast(({key}) => fromUtf8(key!) === name);
    if (all.length === 0) return;
    const {seq, deadLetters} = decodeProgress(last!.value!);
    expect([seq, deadLetters ?? 0], `progress of ${name}`).toEqual([all.length, bad.length]);
  });
}

const value = fc.oneof(
  {weight: 4, arbitrary: fc.constant('good')},
  {weight: 1, arbitrary: fc.constant('bad')},
);
const step = fc.record({
  shard: fc.nat({max: 1}),
  values: fc.array(value, {minLength: 1, maxLength: 12}),
  next: fc.constantFrom('nothing' as const, 'replace' as const, 'cut' as const, 'wait' as const),
});
const outcome = fc.constantFrom<ModelOutcome[]>(
  'committed',
  'committed',
  'aborted',
  'unknownApplied',
  'unknownLost',
);

test('under any schedule of faults exactly the refused records are dead letters, in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, {minLength: 1, maxLength: 12}),
      fc.array(outcome, {maxLength: 10}),
      async (steps, outcomes) => {
        const world = new World({outcomes, refuses: isBad});
        const appended: string[][] = [[], []];
        world.replaceOwner();
        for (const {shard, values, next} of steps) {
          const numbered = values.map((text, at) => `${text} ${appended[shard]!.length + at}`);
          appended[shard]!.push(...numbered);
          world.append(shard, numbered);
          if (next === 'replace') world.replaceOwner();
          if (next === 'cut') world.shards.get(SHARDS[shard]!.name)!.cut();
          if (next === 'wait') await sleep(3);
        }
        await world.drained();
        judge(world, appended);
      },
    ),
    {numRuns: 10, endOnFailure: true},
  );
}, 120_000);

test.each([
  ['at both ends and in the middle', [0, 511, 999]],
  ['next to each other', [400, 401, 402]],
])('refused records %s cost few transactions', async (_where, bad) => {
  const world = new World({refuses: isBad});
  const values = Array.from({length: 1_000}, (_, n) => `${bad.includes(n) ? 'bad' : 'good'} ${n}`);
  world.append(0, values);
  world.replaceOwner();
  await world.drained();
  judge(world, [values, []]);
  const perRecord = 2 * Math.ceil(Math.log2(values.length)) + 2;
  expect(world.kafka.begun).toBeLessThanOrEqual(bad.length * perRecord);
  const labels = {stream: 's', reason: 'MESSAGE_TOO_LARGE'};
  expect(world.metrics.deadLetters.value(labels)).toBe(bad.length);
  expect(world.metrics.records.value({stream: 's'})).toBe(values.length - bad.length);
  expect(world.deadLetters()).toBe(bad.length);
});

test('a dead letter is the record with the reason, and the next record names the one before', async () => {
  const world = new World({refuses: isBad});
  world.append(0, ['good 0', 'bad 1', 'bad 2', 'good 3', 'good 4']);
  world.replaceOwner();
  await world.drained();
  const [letter] = world.kafka.log(names.deadLetters('s'), 0);
  const headers = new Map(letter!.headers.map(([name, bytes]) => [name, fromUtf8(bytes)]));
  expect(headers.get('forebay_seq')).toBe('2');
  expect(DeadLetter.parse(JSON.parse(headers.get(DEAD_LETTER_HEADER)!))).toMatchObject({
    code: 'MESSAGE_TOO_LARGE',
    reason: expect.stringContaining('max.message.bytes'),
  });
  const jumps = world.kafka
    .log(names.data('s'), 0)
    .map(({headers}) => headers.find(([name]) => name === PREVIOUS_SEQ_HEADER)?.[1]);
  expect(jumps.map((bytes) => bytes && fromUtf8(bytes))).toEqual([undefined, '1', undefined]);
});

test('a shard whose dead letter is refused waits with an error that names the topic, and the others go on', async () => {
  let isMended = false;
  const world = new World({refuses: ({value: bytes}) => !isMended && fromUtf8(bytes!) === 'bad 1'});
  world.append(0, ['good 0', 'bad 1', 'good 2']);
  world.append(1, ['good 0', 'good 1']);
  world.replaceOwner();
  const told = (): boolean => world.errors.some((error) => error.startsWith('DEAD_LETTER_REFUSED'));
  await waitUntil('the error', 10_000, told);
  world.append(1, ['good 2']);
  await waitUntil('the other shard', 10_000, () => world.shards.get('s/1')!.firstSeq === 4);
  expect(world.texts(names.data('s'), 0)).toEqual(['good 0']);
  expect(world.errors.find((error) => error.startsWith('DEAD_LETTER'))).toContain('s.dead-letter');
  isMended = true;
  await world.drained();
  expect(world.texts(names.data('s'), 0)).toEqual(['good 0', 'bad 1', 'good 2']);
  expect(world.texts(names.deadLetters('s'), 0)).toEqual([]);
});

test('what waited behind a shard that is set back goes on at once, not when that shard is back', async () => {
  const world = new World({refuses: ({value: bytes}) => fromUtf8(bytes!) === 'bad 0'});
  const [stuck, other] = SHARDS.map(({name}) => world.shards.get(name)!);
  // Enough to fill the transaction under way and the one collected meanwhile.
  const values = Array.from({length: 3 * MAX_TRANSACTION_RECORDS}, (_, n) => `good ${n}`);
  world.append(0, ['bad 0', ...values]);
  world.replaceOwner();
  await waitUntil('the first transaction', 10_000, () => world.kafka.begun > 0);
  world.append(1, ['good 0']);
  await waitUntil('the other shard', 10_000, () => other!.firstSeq === 2);
  expect(stuck!.readAfter).toEqual([0]);
  await world.stop();
});

test('what is no fault of a record makes no dead letter, however often it happens', async () => {
  const outcomes = Array.from({length: 9}, (): ModelOutcome => 'aborted');
  const world = new World({outcomes, refuses: () => false});
  const values = ['good 0', 'good 1'];
  world.append(0, values);
  world.replaceOwner();
  await world.drained();
  judge(world, [values, []]);
  expect(world.metrics.transactions.value({outcome: 'aborted'})).toBe(9);
});
