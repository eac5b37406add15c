/** A gateway that can be killed while devices are connected, a drain and a real Kafka. */
import {randomBytes} from 'node:crypto';
import {inject} from 'vitest';
import {DrainProcess} from '../../support/drain-process.ts';
import {readTopic} from '../../support/read-topic.ts';
import {startRealGateway} from '../../support/real-gateway.ts';

const PIPELINE = 'test/judges/support/device-pipeline.ts';
const DEADLINE_MS = 30_000;

export interface DeviceRun {
  /** `127.0.0.1:8787` */
  readonly host: string;
  readonly key: string;
  /** kill -9, then the same state again. */
  restart(): Promise<void>;
  /** Committed records of a stream, once there are so many and then silence. */
  arrived(stream: string, atLeast: number): Promise<readonly Arrived[]>;
  end(): Promise<void>;
}

export interface Arrived {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

export async function startDeviceRun(): Promise<DeviceRun> {
  const brokers = inject('kafkaBrokers');
  const topicPrefix = `devices-${randomBytes(4).toString('hex')}.`;
  const gateway = await startRealGateway(PIPELINE);
  const drain = DrainProcess.start({
    gatewayUrl: gateway.url,
    key: gateway.drainKey,
    brokers,
    topicPrefix,
    env: {FOREBAY_PIPELINE: PIPELINE},
  });
  await drain.ready();
  return {
    host: new URL(gateway.url).host,
    key: gateway.ingestKey,
    restart: () => gateway.restart(),
    arrived: (stream, atLeast) =>
      readTopic({brokers, topic: `${topicPrefix}${stream}`, atLeast, deadlineMs: DEADLINE_MS}),
    async end() {
      await drain.end();
      await gateway.end();
    },
  };
}

/** Of every key the numbers `n` in the order they are in Kafka. */
export function numbersByKey(records: readonly Arrived[]): Record<string, number[]> {
  const byKey: Record<string, number[]> = {};
  for (const {key, value} of records) {
    const {n} = JSON.parse(value ?? '{}') as {n: number};
    (byKey[key ?? ''] ??= []).push(n);
  }
  return byKey;
}

/** What `numbersByKey` should say after `count` events, one key after another in turn. */
export function expectedNumbers(
  meters: readonly string[],
  count: number,
): Record<string, number[]> {
  return Object.fromEntries(
    meters.map((meter, at) => [
      meter,
      Array.from({length: count}, (_, n) => n).filter((n) => n % meters.length === at),
    ]),
  );
}
