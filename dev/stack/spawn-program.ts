import {spawn, type ChildProcess} from 'node:child_process';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {setTimeout as delay} from 'node:timers/promises';
import {ForebayError} from '../../src/lib/errors.ts';
import {endOf, endProcess} from './end-process.ts';
import type {PartLog} from './part-log.ts';
import type {PartName, PartPlan, PartProcess, StartContext} from './part.ts';
import {readinessOf} from './readiness.ts';

/** A processor may have to read back all of its state; no part takes longer on one machine. */
const READY_DEADLINE_MS = 120_000;
const READY_POLL_MS = 100;
/** A program's way to say that a variable or the definition must be mended first: another try would be no better. */
const EXIT_USAGE = 2;

export interface ProgramOptions {
  readonly name: PartName;
  /** Path of the program's entry file, from the project's root. */
  readonly main: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly url: string;
  readonly log: PartLog;
}

const ROOT = join(import.meta.dirname, '..', '..');

/** A Node program as a part: ready when its `GET /ready` says so. */
export function programPart(options: ProgramOptions): PartPlan {
  return {
    name: options.name,
    start: (context) => startProgram(options, context),
  };
}

async function startProgram(options: ProgramOptions, context: StartContext): Promise<PartProcess> {
  const child = spawn(process.execPath, [join(ROOT, options.main)], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {...options.env},
  });
  keepLines(child, options.log);
  const ended = endOf(child);
  if (child.pid !== undefined) context.onPid(child.pid);
  try {
    await ready({options, ended, signal: context.signal});
  } catch (error) {
    await endProcess(child);
    throw error;
  }
  return {pid: child.pid, url: options.url, ended, stop: () => endProcess(child)};
}

interface ReadyOptions {
  readonly options: ProgramOptions;
  readonly ended: Promise<string>;
  readonly signal: AbortSignal;
}

async function ready({options, ended, signal}: ReadyOptions): Promise<void> {
  const deadlineMs = Date.now() + READY_DEADLINE_MS;
  for (;;) {
    const reason = await readinessOf(options.url);
    if (reason === 'ready') return;
    const end = await Promise.race([ended, delay(READY_POLL_MS, undefined, {signal})]);
    if (end !== undefined) {
      const last = options.log.lastLines.map((line) => `\n    ${line}`).join('');
      const isRetryable = !end.endsWith(`exit code ${EXIT_USAGE}`);
      throw notReady(`${options.name} ${end} before it was ready${last}`, isRetryable);
    }
    if (Date.now() > deadlineMs) {
      const deadline = `${READY_DEADLINE_MS / 1000} s`;
      throw notReady(`${options.name} is not ready after ${deadline}: ${reason}`, true);
    }
  }
}

function notReady(message: string, isRetryable: boolean): ForebayError {
  return new ForebayError({code: 'PART_NOT_READY', message, isRetryable});
}

/** Both outputs of a child, line by line, into its log. */
export function keepLines(child: ChildProcess, log: PartLog): void {
  for (const output of [child.stdout, child.stderr]) {
    if (output !== null) createInterface({input: output}).on('line', (line) => log.write(line));
  }
}
