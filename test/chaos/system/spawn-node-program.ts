import {spawn, type ChildProcess} from 'node:child_process';
import {join} from 'node:path';
import type {PartLog} from '../../../dev/stack/part-log.ts';
import {keepLines} from '../../../dev/stack/spawn-program.ts';

const ROOT = join(import.meta.dirname, '../../..');

export interface NodeProgram {
  /** Path of the entry file from the project's root. */
  readonly main: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: PartLog;
  /** Modules that are loaded before it. */
  readonly preload?: readonly string[];
}

export function spawnNodeProgram({main, env, log, preload = []}: NodeProgram): ChildProcess {
  const imports = preload.flatMap((path) => ['--import', path]);
  const child = spawn(process.execPath, [...imports, join(ROOT, main)], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {...env},
  });
  keepLines(child, log);
  return child;
}
