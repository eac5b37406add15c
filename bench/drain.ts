/**
 * How many records a second does the drain move into Kafka, and how soon after its 202 is a record visible?
 *
 * Shards on workerd are filled, then a drain is started: the rate is from its first committed record to its last, reading
 * the shards included. Beside it, in turns, the same records produced from memory: by @platformatic/kafka as it comes,
 * idempotent and without transactions (`plain_produce_per_s`), and through the drain's own port with transactions
 * (`transactions_per_s` records; the drain's distance to it is what reading, decoding and trimming cost). Latency is taken
 * at a light load. Everything shares one machine. It does not measure a network, replication, or restarts.
 */
import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {parseArgs, promisify} from 'node:util';
import {connectKafka} from '../src/kafka/connect-kafka.ts';
import {startBenchParts, type BenchParts} from './drain/bench-parts.ts';
import {measureDrain} from './drain/measure-drain.ts';
import {measureLatency, type Latency} from './drain/measure-latency.ts';
import {PARTITIONS, STREAM} from './drain/pipeline.ts';
import type {ProduceOptions} from './drain/produce-again.ts';
import {fillShards} from './drain/send-readings.ts';
import {median} from './support/http-load.ts';

const PER_REQUEST = 100;
const LIGHT_EVENTS_PER_S = 200;
const LIGHT_SECONDS = 10;
const PRODUCE_PATH = join(import.meta.dirname, 'drain/produce-again.ts');

const {values} = parseArgs({
  options: {
    json: {type: 'boolean', default: false},
    records: {type: 'string', default: '400000'},
    rounds: {type: 'string', default: '3'},
  },
});
const count = Number(values.records);
const say = (line: string) => process.stderr.write(`${line}\n`);

const parts = await startBenchParts();
try {
  const rates = await compareRates(parts);
  const {p50Ms, p99Ms} = await lightLoad(parts);
  const result = {
    records_per_s: Math.round(rates.drain),
    plain_produce_per_s: Math.round(rates.plain),
    ratio: round(rates.drain / rates.plain),
    latency_p50_ms: round(p50Ms),
    latency_p99_ms: round(p99Ms),
    transactions_per_s: Math.round(rates.transactions),
  };
  if (values.json) console.log(JSON.stringify(result));
  else console.table(result);
} finally {
  await parts.stop();
}
process.exit(0);

interface Rates {
  readonly drain: number;
  readonly plain: number;
  readonly transactions: number;
}

/** Medians of rounds in which everyone has a turn. */
async function compareRates(bench: BenchParts): Promise<Rates> {
  const rounds: Rates[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    await fillShards(bench, {count, perRequest: PER_REQUEST});
    const drain = await bench.startDrain();
    const {recordsPerS, recordsPerTransaction} = await measureDrain(drain, count);
    await drain.stop();
    const plain = await produceAgain(bench, {mode: 'plain', round, recordsPerTransaction});
    const transactions = await produceAgain(bench, {
      mode: 'transactions',
      round,
      recordsPerTransaction,
    });
    rounds.push({drain: recordsPerS, plain, transactions});
    say(
      `round ${round + 1}: drain ${Math.round(recordsPerS)}/s in transactions of ${recordsPerTransaction}, plain ${Math.round(plain)}/s, transactions ${Math.round(transactions)}/s`,
    );
  }
  return {
    drain: median(rounds.map(({drain}) => drain)),
    plain: median(rounds.map(({plain}) => plain)),
    transactions: median(rounds.map(({transactions}) => transactions)),
  };
}

interface TurnOptions {
  readonly mode: ProduceOptions['mode'];
  readonly round: number;
  readonly recordsPerTransaction: number;
}

async function produceAgain(
  {brokers, topicPrefix}: BenchParts,
  {mode, round, recordsPerTransaction}: TurnOptions,
): Promise<number> {
  const fromTopic = `${topicPrefix}${STREAM}`;
  const toTopic = `${fromTopic}.${mode}.${round}`;
  const admin = await connectKafka({
    brokers: brokers.split(','),
    clientId: 'bench-admin',
  }).openAdmin();
  await admin.createTopics([{name: toTopic, partitions: PARTITIONS, config: {}}]);
  await admin.close();
  const options: ProduceOptions = {
    mode,
    brokers,
    fromTopic,
    toTopic,
    count,
    recordsPerSend: recordsPerTransaction,
  };
  const {stdout} = await promisify(execFile)(process.execPath, [
    PRODUCE_PATH,
    JSON.stringify(options),
  ]);
  return (JSON.parse(stdout) as {recordsPerS: number}).recordsPerS;
}

async function lightLoad(bench: BenchParts): Promise<Latency> {
  const drain = await bench.startDrain();
  try {
    return await measureLatency({
      address: bench,
      brokers: bench.brokers,
      topic: `${bench.topicPrefix}${STREAM}`,
      eventsPerS: LIGHT_EVENTS_PER_S,
      seconds: LIGHT_SECONDS,
    });
  } finally {
    await drain.stop();
  }
}

function round(number: number): number {
  return Math.round(number * 100) / 100;
}
