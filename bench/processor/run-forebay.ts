import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {setTimeout as sleep} from 'node:timers/promises';
import type {ProcessorStatus} from '../../src/protocol/status.ts';

const ROOT = join(import.meta.dirname, '../..');
const POLL_MS = 100;
const DEADLINE_MS = 300_000;

export interface Throughput {
  readonly eventsPerS: number;
  readonly cpuSPerMillion: number;
}

export interface RunForebayOptions {
  readonly brokers: string;
  readonly prefix: string;
  readonly stateDir: string;
  readonly records: number;
  readonly partitions: number;
  /** Arguments for Node, e.g. `--cpu-prof`. */
  readonly nodeArguments: readonly string[];
}

/** From the first record seen processed to the last one committed, in the program as it is run. */
export async function runForebay(options: RunForebayOptions): Promise<Throughput> {
  const child = spawn(process.execPath, [...options.nodeArguments, 'stream-processor/main.ts'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      KAFKA_BROKERS: options.brokers,
      FOREBAY_TOPIC_PREFIX: options.prefix,
      FOREBAY_STATE_DIR: options.stateDir,
      FOREBAY_REPLICA: 'bench',
      FOREBAY_QUERY_PORT: '0',
      // One thread of work, as the rivals have.
      FOREBAY_WORKERS: '1',
      FOREBAY_PIPELINE: join(import.meta.dirname, 'pipeline.ts'),
    },
  });
  const lines = createInterface({input: child.stdout});
  try {
    const url = await urlIn(lines);
    const first = await until(url, (sample) => sample.records > 0);
    const last = await until(url, ({status}) => isDone(status, options));
    const records = options.records - first.records;
    return {
      eventsPerS: records / ((last.atMs - first.atMs) / 1_000),
      cpuSPerMillion: ((last.cpuS - first.cpuS) / records) * 1e6,
    };
  } finally {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  }
}

function isDone({tasks}: ProcessorStatus, {partitions}: RunForebayOptions): boolean {
  return (
    tasks.length === partitions &&
    // The flush events' windows stay open; all others are in the results.
    tasks.every(
      ({committedOffset, stableEndOffset, openWindows}) =>
        committedOffset !== null && committedOffset === stableEndOffset && openWindows === 1,
    )
  );
}

interface Sample {
  readonly atMs: number;
  readonly status: ProcessorStatus;
  readonly records: number;
  readonly cpuS: number;
}

async function until(url: string, isReached: (sample: Sample) => boolean): Promise<Sample> {
  const endMs = Date.now() + DEADLINE_MS;
  while (Date.now() < endMs) {
    const status = (await (await fetch(`${url}/status`)).json()) as ProcessorStatus;
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const cpuS = Number(/^process_cpu_seconds_total (\S+)$/m.exec(metrics)?.[1]);
    const sample = {atMs: performance.now(), status, records: status.appliedRecords, cpuS};
    if (isReached(sample)) return sample;
    await sleep(POLL_MS);
  }
  throw new Error(`the processor was not done within ${DEADLINE_MS} ms`);
}

async function urlIn(lines: AsyncIterable<string>): Promise<string> {
  for await (const line of lines) {
    const {message, port} = JSON.parse(line) as {message: string; port?: number};
    if (message === 'the processor runs') return `http://127.0.0.1:${port}`;
  }
  throw new Error('the processor ended before it listened');
}
