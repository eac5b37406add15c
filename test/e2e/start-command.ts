import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {waitUntil} from '../support/wait-until.ts';

const ROOT = join(import.meta.dirname, '..', '..');

export interface ReadyLine {
  readonly ready: true;
  readonly gateway: string;
  readonly query: string;
  readonly console: string;
  readonly drain: string;
  readonly kafka: string;
  readonly key: string;
  readonly adminKey: string;
}

export type RunFile = Record<string, {readonly pid?: number; readonly url: string}>;

export interface StartOptions {
  readonly stateDir: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** `npm start` as a user runs it, without npm. */
export class StartCommand {
  readonly pid: number;
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  readonly exitCode: Promise<number>;
  readonly #stateDir: string;
  readonly #child: ReturnType<typeof spawn>;

  constructor({stateDir, args = [], env = {}}: StartOptions) {
    this.#stateDir = stateDir;
    this.#child = spawn(process.execPath, [join(ROOT, 'dev/setup.js'), 'start', ...args], {
      env: {...process.env, FOREBAY_STATE_DIR: stateDir, ...env},
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.pid = this.#child.pid!;
    for (const [output, lines] of [
      [this.#child.stdout!, this.stdout],
      [this.#child.stderr!, this.stderr],
    ] as const) {
      createInterface({input: output}).on('line', (line) => lines.push(line));
    }
    this.exitCode = once(this.#child, 'close').then(([code, signal]) => code ?? signal);
  }

  /** The one line of `--json`. */
  async ready(deadlineMs: number): Promise<ReadyLine> {
    const line = await waitUntil('the ready line', deadlineMs, () => this.stdout[0]).catch(
      (error: unknown) => {
        throw new Error(this.stderr.join('\n'), {cause: error});
      },
    );
    return JSON.parse(line);
  }

  runFile(): RunFile {
    return JSON.parse(readFileSync(join(this.#stateDir, 'run.json'), 'utf8'));
  }

  /** The process that supervises the parts; also the id of the process group all parts are in. */
  supervisorPid(): number {
    return Number(readFileSync(join(this.#stateDir, 'supervisor'), 'utf8').split('\n')[0]);
  }

  partPids(): number[] {
    return Object.values(this.runFile()).flatMap(({pid}) => pid ?? []);
  }

  said(text: string): boolean {
    return this.stderr.some((line) => line.includes(text));
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** As Ctrl-C or a service manager does; whatever happens, nothing is left afterwards. */
  async stop(): Promise<void> {
    if (existsSync(join(this.#stateDir, 'supervisor'))) this.signal('SIGTERM');
    else this.signal('SIGKILL');
    await this.exitCode;
  }
}

/** Whether any process of a group is left. */
export function isGroupAlive(groupId: number): boolean {
  try {
    return process.kill(-groupId, 0);
  } catch {
    return false;
  }
}
