/**
 * Promise 4, the drain's side of it: whatever Kafka does, a drain with full shards before it stays within its memory, and goes
 * on in order when Kafka does. The long form is `npm run bench -- outage`.
 */
import {setTimeout as delay} from 'node:timers/promises';
import {afterEach, expect, test} from 'vitest';
import {residentBytes} from '../../dev/resident-bytes.ts';
import {MAX_HELD_BYTES, MAX_RSS_BYTES} from '../../drain-service/limits.ts';
import type {RecordToEncode} from '../../src/record/codec.ts';
import {DrainProcess} from '../support/drain-process.ts';
import {startKafkaCluster, type KafkaCluster} from '../support/kafka-cluster.ts';
import {connectKafka} from '../../src/kafka/connect-kafka.ts';
import {fromUtf8} from '../../src/lib/bytes.ts';
import {ModelGateway} from '../support/model-gateway.ts';
import {waitUntil} from '../support/wait-until.ts';

const SHARDS = 64;
const ROWS = 3;
/** Small records cost the most memory for their bytes, so that a frame is thousands of them. */
const RECORDS_PER_ROW = 1_500;
const AWAY_MS = 12_000;
const SAMPLE_MS = 100;
const CAUGHT_UP_DEADLINE_MS = 180_000;

const opened: {close(): Promise<void>}[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).toReversed()) await each.close();
});

test(
  'with full shards and a Kafka that hangs, then works, a drain stays within its memory and everything arrives in order',
  {timeout: 300_000},
  async () => {
    const cluster = await startKafkaCluster({brokers: 1});
    opened.push({close: () => cluster.stop()});
    const gateway = await ModelGateway.start();
    opened.push(gateway);
    const drain = DrainProcess.start({
      gatewayUrl: gateway.url,
      key: gateway.key,
      brokers: cluster.brokers,
      topicPrefix: 'memory.',
      env: {FOREBAY_PIPELINE: 'test/promises/drain-memory-pipeline.ts'},
    });
    opened.push({close: () => drain.end()});
    await drain.ready(60_000);
    const memory = watchMemory(drain.child.pid!);
    opened.push({close: async () => memory.stop()});

    await cluster.nodes[0]!.kill('SIGSTOP');
    fill(gateway);
    // Until its transactions are given up it holds what it was sent; then it lets go and waits for Kafka.
    await waitUntil('much to be held', AWAY_MS, async () => {
      const {held} = await readMetrics(drain);
      expect(held).toBeLessThanOrEqual(MAX_HELD_BYTES);
      return held > 8_000_000;
    });
    await delay(AWAY_MS);

    await cluster.nodes[0]!.kill('SIGCONT');
    await waitUntil('all shards to be drained', CAUGHT_UP_DEADLINE_MS, () =>
      shardNames().every((name) => {
        const shard = gateway.shard(name);
        return shard.firstSeq === shard.nextSeq;
      }),
    );
    const {blocked} = await readMetrics(drain);
    expect(blocked, 'seconds blocked on Kafka').toBeGreaterThan(8);
    console.log(`peak of resident memory: ${Math.round(memory.peakBytes() / 1_048_576)} MiB`);
    expect(memory.peakBytes()).toBeLessThanOrEqual(MAX_RSS_BYTES);
    await judgeOffsets(cluster);
  },
);

function shardNames(): string[] {
  return Array.from({length: SHARDS}, (_, partition) => `readings/${partition}`);
}

function fill(gateway: ModelGateway): void {
  const value = new Uint8Array(100);
  const headers = ['ce_id', 'ce_source', 'ce_type', 'ce_time', 'traceparent'].map(
    (name) => [name, 'x'.repeat(24)] as const,
  );
  const row: RecordToEncode[] = Array.from({length: RECORDS_PER_ROW}, () => ({
    key: null,
    value,
    headers,
  }));
  for (const name of shardNames()) {
    for (let n = 0; n < ROWS; n++) gateway.shard(name).append(row);
  }
}

/** Every seq of every shard once, in order; read as it comes, for all of it at once would not fit either. */
async function judgeOffsets({brokers}: KafkaCluster): Promise<void> {
  const reader = await connectKafka({brokers: brokers.split(','), clientId: 'judge'}).openReader();
  opened.push(reader);
  const wrong: string[] = [];
  const nextSeq = Array.from({length: SHARDS}, () => 1);
  for (let shard = 0; shard < SHARDS; shard++) reader.assign('memory.readings', shard, 0n);
  await waitUntil('all records to be read', CAUGHT_UP_DEADLINE_MS, async () => {
    for (const {partition, records} of await reader.poll(SAMPLE_MS)) {
      for (const {headers} of records) {
        const seq = fromUtf8(headers.find(([name]) => name === 'forebay_seq')![1]);
        if (Number(seq) !== nextSeq[partition]) wrong.push(`${partition}: ${seq}`);
        nextSeq[partition] = Number(seq) + 1;
      }
    }
    return nextSeq.every((seq) => seq > ROWS * RECORDS_PER_ROW);
  });
  expect(wrong).toEqual([]);
  expect(new Set(nextSeq)).toEqual(new Set([ROWS * RECORDS_PER_ROW + 1]));
}

async function readMetrics(drain: DrainProcess): Promise<{held: number; blocked: number}> {
  const text = await waitUntil('metrics', 30_000, async () => (await drain.get('/metrics')).text());
  const value = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
  return {
    held: value(/^drain_held_bytes (\S+)$/m),
    blocked: value(/^drain_blocked_seconds_total\{on="kafka"\} (\S+)$/m),
  };
}

function watchMemory(pid: number): {peakBytes(): number; stop(): void} {
  let peakBytes = 0;
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, residentBytes(pid) ?? 0);
  }, SAMPLE_MS);
  return {peakBytes: () => peakBytes, stop: () => clearInterval(timer)};
}
