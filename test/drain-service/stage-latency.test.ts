import {randomUUID} from 'node:crypto';
import {expect, test} from 'vitest';
import {ByteBudget} from '../../drain-service/byte-budget.ts';
import {drainMetrics} from '../../drain-service/drain-metrics.ts';
import {DrainTask} from '../../drain-service/drain-task.ts';
import {MAX_HELD_BYTES} from '../../drain-service/limits.ts';
import {utf8} from '../../src/lib/bytes.ts';
import {TopicNames} from '../../src/protocol/topics.ts';
import {shardOf} from '../../src/record/shard.ts';
import {ModelShard} from '../support/model-gateway.ts';
import {ModelKafka, type ModelOutcome} from '../support/model-kafka.ts';
import {modelLinks} from '../support/model-link.ts';
import {waitUntil} from '../support/wait-until.ts';

const NOW_MS = 1_800_000_000_000;
const quiet = {info: () => {}, warn: () => {}, error: () => {}};

test('the latency of a transaction is that of its oldest record, and an aborted one has none', async () => {
  const shard = new ModelShard('s/0');
  const record = {key: null, value: utf8('{}'), headers: []};
  shard.append([record, record], NOW_MS - 9_000);
  shard.append([record], NOW_MS - 4_000);
  const outcomes: ModelOutcome[] = ['aborted', 'aborted'];
  const metrics = drainMetrics({lagSeconds: () => 0, held: new ByteBudget(MAX_HELD_BYTES)});
  const task = new DrainTask({
    task: 0,
    shards: [shardOf('s', 0)],
    kafka: new ModelKafka({outcome: () => outcomes.shift() ?? 'committed', delay: async () => {}}),
    names: new TopicNames('', 'model'),
    openLink: modelLinks(() => shard),
    creditBytes: 100_000,
    held: new ByteBudget(MAX_HELD_BYTES),
    metrics,
    onError: () => {},
    onCommitted: () => {},
    log: quiet,
    clock: {nowMs: () => NOW_MS},
    random: () => 0,
    newId: randomUUID,
  });
  const running = task.run();
  await waitUntil('the shard to be trimmed', 10_000, () => shard.firstSeq === shard.nextSeq);
  task.stop();
  await running;
  const committed = metrics.transactions.value({outcome: 'committed'});
  expect(metrics.transactions.value({outcome: 'aborted'})).toBe(2);
  const lines = metrics.stageLatency.lines();
  expect(lines).toContain(`stage_latency_seconds_count{stage="drain"} ${committed}`);
  // Both appends may come in one transaction or in two.
  expect(lines).toContain(
    `stage_latency_seconds_sum{stage="drain"} ${committed === 1 ? 9 : 9 + 4}`,
  );
});
