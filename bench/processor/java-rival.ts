import {execFile} from 'node:child_process';
import {cpSync, existsSync, mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {toError} from '../../src/lib/errors.ts';
import type {Throughput} from './run-forebay.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const BUILD_DEADLINE_MS = 600_000;
const RUN_DEADLINE_MS = 300_000;
const MAX_OUTPUT_BYTES = 16_777_216;

export interface JavaRival {
  /** Of its folder in the baselines. */
  readonly name: string;
  readonly mainClass: string;
  readonly jvmFlags: readonly string[];
  readonly job: Readonly<Record<string, string>>;
}

/** Runs the job of a baseline in a JVM of 2 GB, from its first record to its last. Or says why it was not run. */
export async function runJavaRival(
  rival: JavaRival,
): Promise<Throughput | {readonly reason: string}> {
  const shared = process.env['FOREBAY_SHARED'] ?? join(ROOT, '../shared');
  const source = join(shared, 'baselines', rival.name);
  if (!existsSync(join(source, 'pom.xml'))) return {reason: `there is no ${source}`};
  try {
    return await runJob(await build(source, rival.name), rival);
  } catch (error) {
    return {reason: toError(error).message.split('\n')[0] ?? 'it failed'};
  }
}

/** In a folder of our own: the source may be read-only. */
async function build(source: string, name: string): Promise<string> {
  const folder = join(ROOT, 'node_modules/.cache', `bench-${name}`);
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

async function runJob(libs: string, {mainClass, jvmFlags, job}: JavaRival): Promise<Throughput> {
  const flags = Object.entries(job).flatMap(([name, value]) => [`--${name}`, value]);
  const log = '-Dorg.slf4j.simpleLogger.defaultLogLevel=off';
  const java = ['-Xmx2g', ...jvmFlags, log, '-cp', join(libs, '*'), mainClass, ...flags];
  const limits = {timeout: RUN_DEADLINE_MS, maxBuffer: MAX_OUTPUT_BYTES};
  const {stdout} = await run('java', java, limits);
  const line = stdout.split('\n').find((text) => text.includes('"at":"done"'));
  if (line === undefined) throw new Error(`${mainClass} printed no result`);
  const {perSecond, cpuSPerM} = JSON.parse(line) as {perSecond: number; cpuSPerM: number};
  return {eventsPerS: perSecond, cpuSPerMillion: cpuSPerM};
}
