import {setTimeout as sleep} from 'node:timers/promises';
import {connectKafka} from '../../src/kafka/connect-kafka.ts';
import type {IncomingRecord} from '../../src/kafka/ports.ts';
import {fromUtf8} from '../../src/lib/bytes.ts';
import {PARTITIONS} from './pipeline.ts';
import {sendOne, type GatewayAddress} from './send-readings.ts';

export interface LatencyOptions {
  readonly address: GatewayAddress;
  readonly brokers: string;
  readonly topic: string;
  readonly eventsPerS: number;
  readonly seconds: number;
}

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const POLL_MS = 100;
/** Not counted: connections are opened and code is compiled. */
const WARM_UP_S = 2;
const STRAGGLERS_DEADLINE_MS = 10_000;

/** From the 202 in the sender's hand to the record in a read_committed reader's, at a light and even load. */
export async function measureLatency(options: LatencyOptions): Promise<Latency> {
  const {address, eventsPerS, seconds} = options;
  const seenMs = new Map<string, number>();
  const stop = new AbortController();
  const watching = watch(options, seenMs, stop.signal);
  const answeredMs = new Map<string, number>();
  const sends: Promise<void>[] = [];
  const startMs = performance.now();
  for (let n = 0; n < eventsPerS * (seconds + WARM_UP_S); n++) {
    const dueMs = startMs + (n * 1_000) / eventsPerS;
    await sleep(Math.max(0, dueMs - performance.now()));
    const send = sendOne(address, n).then((id) => void answeredMs.set(id, performance.now()));
    if (n >= eventsPerS * WARM_UP_S) sends.push(send);
    else void send.then(() => answeredMs.clear());
  }
  await Promise.all(sends);
  const deadlineMs = performance.now() + STRAGGLERS_DEADLINE_MS;
  const isMissing = (): boolean => [...answeredMs.keys()].some((id) => !seenMs.has(id));
  while (isMissing() && performance.now() < deadlineMs) await sleep(POLL_MS);
  stop.abort();
  await watching;
  if (isMissing()) throw new Error('records are missing in Kafka');
  const latencies = Array.from(answeredMs, ([id, ms]) => Math.max(0, seenMs.get(id)! - ms));
  latencies.sort((a, b) => a - b);
  return {p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99)};
}

async function watch(
  {brokers, topic}: LatencyOptions,
  seenMs: Map<string, number>,
  signal: AbortSignal,
): Promise<void> {
  const kafka = connectKafka({brokers: brokers.split(','), clientId: 'bench-latency'});
  const admin = await kafka.openAdmin();
  const ends = await admin.stableEndOffsets(topic);
  await admin.close();
  const reader = await kafka.openReader();
  for (let partition = 0; partition < PARTITIONS; partition++) {
    reader.assign(topic, partition, ends[partition]!);
  }
  while (!signal.aborted) {
    const batches = await reader.poll(POLL_MS);
    const nowMs = performance.now();
    for (const {records} of batches) for (const record of records) seenMs.set(idOf(record), nowMs);
  }
  await reader.close();
}

function idOf({headers}: IncomingRecord): string {
  return fromUtf8(headers.find(([name]) => name === 'ce_id')![1]);
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}
