import {randomOf} from '../../dev/random-of.ts';
import type {Kafka, OutgoingRecord} from '../../src/kafka/ports.ts';
import {utf8} from '../../src/lib/bytes.ts';
import {partitionOf} from '../../src/record/shard.ts';

const DEVICES = 10_000;
/** Per second of event time, all devices together. */
const EVENT_RATE = 3_333;
const OUT_OF_ORDER_SHARE = 0.01;
const OUT_OF_ORDER_MAX_MS = 30_000;
/** One event per partition, so far ahead that every window before it closes. */
const FLUSH_AHEAD_MS = 600_000;
const BATCH = 20_000;
const DEADLINE_MS = 60_000;
const STATUSES = ['ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'warn', 'degraded', 'error'] as const;

export interface FillOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly partitions: number;
  readonly events: number;
  readonly baseMs: number;
  readonly seed: number;
}

/** Writes seeded device events of about 200 bytes, and one flush event per partition. Returns the records written. */
export async function fillTopic(options: FillOptions): Promise<number> {
  const {kafka, topic, partitions, events, baseMs} = options;
  const producer = await kafka.openFencedProducer(`${topic}.fill`, DEADLINE_MS);
  const write = async (records: readonly OutgoingRecord[]) => {
    const outcome = await producer.transact(records, DEADLINE_MS);
    if (outcome.kind !== 'committed') throw outcome.error;
  };
  const random = randomOf(options.seed);
  const keys = Array.from({length: DEVICES}, (_, d) => utf8(`dev-${String(d).padStart(5, '0')}`));
  const places = keys.map((key) => partitionOf(key, partitions));
  for (let at = 0; at < events; at += BATCH) {
    const records: OutgoingRecord[] = [];
    for (let i = at; i < Math.min(events, at + BATCH); i++) {
      const device = Math.floor(random() * DEVICES);
      const nowMs = baseMs + Math.floor((i * 1_000) / EVENT_RATE);
      const value = utf8(JSON.stringify(eventOf({device, nowMs, seq: i, random})));
      const place = {topic, partition: places[device]!, key: keys[device]!};
      records.push({...place, value, headers: [], timestampMs: nowMs});
    }
    await write(records);
  }
  const eventTime = baseMs + Math.floor((events * 1_000) / EVENT_RATE) + FLUSH_AHEAD_MS;
  await write(
    Array.from({length: partitions}, (_, partition) => {
      const deviceId = `flush-${partition}`;
      const value = utf8(JSON.stringify({deviceId, eventTime, seq: -1, temperature: 0}));
      return {topic, partition, key: utf8(deviceId), value, headers: [], timestampMs: Date.now()};
    }),
  );
  await producer.close();
  return events + partitions;
}

interface EventDraw {
  readonly device: number;
  readonly nowMs: number;
  readonly seq: number;
  readonly random: () => number;
}

function eventOf({device, nowMs, seq, random}: EventDraw) {
  const isBehind = random() < OUT_OF_ORDER_SHARE;
  const eventTime = isBehind ? nowMs - Math.ceil(random() * OUT_OF_ORDER_MAX_MS) : nowMs;
  return {
    deviceId: `dev-${String(device).padStart(5, '0')}`,
    eventTime,
    seq,
    temperature: Math.round((20 + 8 * Math.sin(device) + random() * 4) * 100) / 100,
    humidity: Math.round(300 + random() * 400) / 10,
    pressure: Math.round(9_800 + random() * 500) / 10,
    battery: Math.floor(random() * 101),
    status: STATUSES[Math.floor(random() * STATUSES.length)],
    site: `site-${device % 97}`,
    firmware: `4.${device % 7}.0`,
    gateway: `gw-${device % 211}`,
  };
}
