/**
 * How many events a second, and for how much CPU, does the processor take through one view?
 *
 * The job: per device tumbling one-minute windows, grace 30 s, count, sum, min, max and mean, 10,000 devices, 4 partitions,
 * JSON of 200 bytes, exactly once, caught up from a full topic. Beside it Kafka Streams and Flink SQL on the same topic and
 * broker, one after another.
 * It does not measure latency, restarts, more than one core, or the CPU of the broker.
 */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {ensureJars} from '../dev/kafka/ensure-jars.ts';
import {startBroker} from '../dev/kafka/start-broker.ts';
import {connectKafka} from '../src/kafka/connect-kafka.ts';
import {fillTopic} from './processor/fill-topic.ts';
import {freePort} from '../dev/free-port.ts';
import {events as stream} from './processor/pipeline.ts';
import {runForebay, type Throughput} from './processor/run-forebay.ts';
import {runJavaRival, type JavaRival} from './processor/java-rival.ts';
import {flinkSql, kafkaStreams, resultsOf} from './processor/rivals.ts';
import {windowBytes} from './processor/window-bytes.ts';

const EVENTS = 2_000_000;
const MINUTE_MS = 60_000;
/** Record times lie in the last quarter of an hour: Kafka deletes by them and refuses the future. */
const BEHIND_MS = 15 * MINUTE_MS;

const {values} = parseArgs({
  options: {
    json: {type: 'boolean', default: false},
    events: {type: 'string', default: String(EVENTS)},
    seed: {type: 'string', default: '1'},
    'no-rival': {type: 'boolean', default: false},
    /** A folder for a CPU profile of the processor. */
    'cpu-prof': {type: 'string'},
  },
});
const say = (line: string) => process.stderr.write(`${line}\n`);

// First, while nothing else of this process comes and goes.
const bytesPerWindow = Math.round(windowBytes());
const workDir = await mkdtemp(join(tmpdir(), 'forebay-bench-'));
const broker = process.env['KAFKA_BROKERS'] === undefined ? await ownBroker() : undefined;
try {
  const result = await bench(broker?.brokers ?? process.env['KAFKA_BROKERS']!);
  if (values.json) console.log(JSON.stringify(result));
  else console.table(result);
} finally {
  await broker?.stop();
  await rm(workDir, {recursive: true, force: true});
}
process.exit(0);

async function ownBroker() {
  await ensureJars(say);
  return startBroker({
    dataDir: join(workDir, 'kafka'),
    port: await freePort(),
    isForLoad: true,
    onLine: say,
  });
}

async function bench(brokers: string) {
  const {partitions} = stream;
  const prefix = `bench-${process.pid}-${Date.now()}.`;
  const topic = `${prefix}${stream.name}`;
  const kafka = connectKafka({brokers: brokers.split(','), clientId: 'bench'});
  const admin = await kafka.openAdmin();
  const config = {'max.message.bytes': '2097152'};
  // Flink does not make its topic itself.
  const results = {name: resultsOf(topic), partitions, config: {}};
  await admin.createTopics([{name: topic, partitions, config}, results]);
  await admin.close();
  const baseMs = Math.floor((Date.now() - BEHIND_MS) / MINUTE_MS) * MINUTE_MS;
  const seed = Number(values.seed);
  const records = await fillTopic({
    kafka,
    topic,
    partitions,
    events: Number(values.events),
    baseMs,
    seed,
  });
  say(`${records} events are in ${topic}`);
  const profile = values['cpu-prof'];
  const nodeArguments = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const stateDir = join(workDir, 'state');
  const ours = await runForebay({brokers, prefix, stateDir, records, partitions, nodeArguments});
  say(
    `Forebay: ${Math.round(ours.eventsPerS)} events/s, ${ours.cpuSPerMillion.toFixed(2)} CPU-s per million`,
  );
  const options = {brokers, topic, records, workDir};
  const rivals = {kafkaStreams: kafkaStreams(options), flink: flinkSql(options)};
  const streams = await rival(rivals.kafkaStreams);
  const flink = await rival(rivals.flink);
  return {
    events_per_s: Math.round(ours.eventsPerS),
    cpu_s_per_million: round(ours.cpuSPerMillion),
    ...figures('rival', streams),
    cpu_ratio: ratio(ours, streams),
    ...figures('flink', flink),
    flink_cpu_ratio: ratio(ours, flink),
    bytes_per_window: bytesPerWindow,
  };
}

type Outcome = Awaited<ReturnType<typeof runJavaRival>>;

async function rival(job: JavaRival): Promise<Outcome> {
  if (values['no-rival']) return {reason: 'left out with --no-rival'};
  say(`${job.name} runs`);
  return runJavaRival(job);
}

function figures(name: string, outcome: Outcome): Readonly<Record<string, number | string | null>> {
  const hasRun = !('reason' in outcome);
  return {
    [`${name}_events_per_s`]: hasRun ? Math.round(outcome.eventsPerS) : null,
    [`${name}_cpu_s_per_million`]: hasRun ? round(outcome.cpuSPerMillion) : null,
    ...(hasRun ? {} : {[`${name}_reason`]: outcome.reason}),
  };
}

function ratio(ours: Throughput, outcome: Outcome): number | null {
  return 'reason' in outcome ? null : round(ours.cpuSPerMillion / outcome.cpuSPerMillion);
}

function round(number: number): number {
  return Math.round(number * 100) / 100;
}
