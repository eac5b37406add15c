import {execFile} from 'node:child_process';
import {cpSync, existsSync, mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {toError} from '../../src/lib/errors.ts';
import type {Throughput} from './run-forebay.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const BUILD_DEADLINE_MS = 300_000;
const RUN_DEADLINE_MS = 300_000;
const MAX_OUTPUT_BYTES = 16_777_216;

export interface RunKafkaStreamsOptions {
  readonly brokers: string;
  readonly topic: string;
  readonly records: number;
  readonly workDir: string;
}

/** The same job on the same topic in Kafka Streams: exactly_once_v2, one thread, store in memory. Or why it was not run. */
export async function runKafkaStreams(
  options: RunKafkaStreamsOptions,
): Promise<Throughput | {readonly reason: string}> {
  const source = join(
    process.env['FOREBAY_SHARED'] ?? join(ROOT, '../shared'),
    'baselines/kstreams',
  );
  if (!existsSync(join(source, 'pom.xml'))) return {reason: `there is no ${source}`};
  try {
    const libs = await build(source);
    return await runJob(libs, options);
  } catch (error) {
    return {reason: toError(error).message.split('\n')[0] ?? 'it failed'};
  }
}

/** In a folder of our own: the source may be read-only. */
async function build(source: string): Promise<string> {
  const folder = join(ROOT, 'node_modules/.cache/bench-kafka-streams');
  const libs = join(folder, 'target/libs');
  if (existsSync(libs)) return libs;
  mkdirSync(folder, {recursive: true});
  for (const part of ['pom.xml', 'src']) {
    cpSync(join(source, part), join(folder, part), {recursive: true});
  }
  await run('chmod', ['-R', 'u+w', folder]);
  await run('mvn', ['-q', '-B', 'package'], {cwd: folder, timeout: BUILD_DEADLINE_MS});
  return libs;
}

async function runJob(libs: string, options: RunKafkaStreamsOptions): Promise<Throughput> {
  const {brokers, topic, records, workDir} = options;
  const job = {
    bootstrap: brokers,
    in: topic,
    out: `${topic}.kafka-streams`,
    app: `${topic}.kafka-streams`,
    'state-dir': join(workDir, 'kafka-streams'),
    expect: String(records),
    emit: 'final',
    cache: 'off',
    'retention-ms': '3600000',
    guarantee: 'eos',
    threads: '1',
    store: 'memory',
  };
  const flags = Object.entries(job).flatMap(([name, value]) => [`--${name}`, value]);
  const log = '-Dorg.slf4j.simpleLogger.defaultLogLevel=off';
  const java = ['-Xmx2g', log, '-cp', join(libs, '*'), 'bench.StreamsApp', ...flags];
  const limits = {timeout: RUN_DEADLINE_MS, maxBuffer: MAX_OUTPUT_BYTES};
  const {stdout} = await run('java', java, limits);
  const line = stdout.split('\n').find((text) => text.includes('"at":"done"'));
  if (line === undefined) throw new Error('Kafka Streams printed no result');
  const {perSecond, cpuSPerM} = JSON.parse(line) as {perSecond: number; cpuSPerM: number};
  return {eventsPerS: perSecond, cpuSPerMillion: cpuSPerM};
}
