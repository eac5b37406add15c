import {spawn} from 'node:child_process';
import {fileURLToPath} from 'node:url';

export interface SimulationRuns {
  readonly runs: number;
  readonly failures: number;
  readonly failedSeeds: readonly number[];
  /** How many of each. */
  readonly violations: Readonly<Record<string, number>>;
  readonly digests: readonly string[];
}

export interface RunOptions {
  readonly args: readonly string[];
  /** By its name. */
  readonly mutation?: string;
}

const RUN = fileURLToPath(new URL('./run.ts', import.meta.url));
const APPLY_MUTATION = fileURLToPath(new URL('./apply-mutation.ts', import.meta.url));

/** Simulations in a process of their own, for they take its clock and its timers away. */
export async function runSimulations({args, mutation}: RunOptions): Promise<SimulationRuns> {
  const preload = mutation === undefined ? [] : ['--import', APPLY_MUTATION];
  const child = spawn(process.execPath, [...preload, RUN, '--json', '--no-shrink', ...args], {
    env: {...process.env, MUTATION: mutation ?? ''},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let told = '';
  let complaints = '';
  child.stdout.on('data', (bytes: Buffer) => (told += String(bytes)));
  child.stderr.on('data', (bytes: Buffer) => (complaints += String(bytes)));
  await new Promise((resolve) => void child.on('close', resolve));
  try {
    return JSON.parse(told) as SimulationRuns;
  } catch {
    throw new Error(`the simulation did not come to its end: ${complaints}`);
  }
}
