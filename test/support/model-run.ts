/** A model gateway, a real broker and real drain processes, with what was appended to hold Kafka against. */
import {expect} from 'vitest';
import {utf8} from '../../src/lib/bytes.ts';
import {DrainProcess} from './drain-process.ts';
import {ModelGateway} from './model-gateway.ts';
import {readTopic, type TopicRecord} from './read-topic.ts';
import {waitUntil} from './wait-until.ts';

export interface ModelRun {
  readonly gateway: ModelGateway;
  readonly prefix: string;
  /** Appends numbered orders to a shard: `n` goes on from the last call. */
  append(shard: string, count: number, perRequest?: number): void;
  start(replica?: string, env?: Readonly<Record<string, string>>): DrainProcess;
  /** Waits until the shards have nothing left, then reads the topic and judges all that was appended to it. */
  expectDelivered(stream: string): Promise<readonly TopicRecord[]>;
  end(): Promise<void>;
}

const DRAINED_DEADLINE_MS = 30_000;

export async function startModelRun(brokers: string, prefix: string): Promise<ModelRun> {
  const gateway = await ModelGateway.start();
  const drains: DrainProcess[] = [];
  /** Per shard, how many were appended. */
  const appended = new Map<string, number>();
  return {
    gateway,
    prefix,
    append(shard, count, perRequest = 10) {
      for (let left = count; left > 0; left -= perRequest) {
        const first = appended.get(shard) ?? 0;
        const size = Math.min(left, perRequest);
        gateway.shard(shard).append(
          Array.from({length: size}, (_, index) => ({
            key: utf8(`key-${(first + index) % 7}`),
            value: utf8(JSON.stringify({n: first + index, shard})),
            headers: [['ce_id', utf8(`${shard}#${first + index}`)]],
          })),
        );
        appended.set(shard, first + size);
      }
    },
    start(replica = 'drain-a', env = {}) {
      const drain = DrainProcess.start({
        gatewayUrl: gateway.url,
        key: gateway.key,
        brokers,
        topicPrefix: prefix,
        replica,
        env,
      });
      drains.push(drain);
      return drain;
    },
    async expectDelivered(stream) {
      const shards = [...appended.keys()].filter((shard) => shard.startsWith(`${stream}/`));
      await waitUntil(`${shards.join(', ')} to be drained and trimmed`, DRAINED_DEADLINE_MS, () =>
        shards.every((name) => gateway.shard(name).firstSeq === gateway.shard(name).nextSeq),
      );
      const total = shards.reduce((sum, shard) => sum + appended.get(shard)!, 0);
      const topic = `${prefix}${stream}`;
      const records = await readTopic({brokers, topic, atLeast: total, deadlineMs: 20_000});
      expect(records.length, 'nothing is lost, nothing appears twice').toBe(total);
      for (const shard of shards) judgeShard(records, shard, appended.get(shard)!);
      return records;
    },
    async end() {
      await Promise.all(drains.map((drain) => drain.end()));
      await gateway.close();
    },
  };
}

/** Every record of a shard once, in the order appended, in the shard's partition; seqs dense per incarnation. */
function judgeShard(records: readonly TopicRecord[], shard: string, count: number): void {
  const own = records.filter(({headers}) => headers['forebay_shard'] === shard);
  expect(
    own.map(({value}) => (JSON.parse(value!) as {n: number}).n),
    `order of ${shard}`,
  ).toEqual(Array.from({length: count}, (_, n) => n));
  expect(new Set(own.map(({partition}) => partition))).toEqual(
    new Set([Number(shard.split('/')[1])]),
  );
  const lastSeqs = new Map<string, number>();
  for (const {headers} of own) {
    const incarnation = headers['forebay_incarnation']!;
    const seq = Number(headers['forebay_seq']);
    expect(seq, `seqs of ${shard} are dense`).toBe((lastSeqs.get(incarnation) ?? 0) + 1);
    lastSeqs.set(incarnation, seq);
  }
}
