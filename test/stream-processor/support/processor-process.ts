import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {createInterface} from 'node:readline';
import {waitUntil} from '../../support/wait-until.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const START_DEADLINE_MS = 40_000;
export const READY_DEADLINE_MS = 60_000;

export interface ProcessorEnvironment {
  readonly brokers: string;
  readonly prefix: string;
  readonly stateDir: string;
  readonly replica?: string;
  readonly pipeline?: string;
  /** Other variables. */
  readonly more?: Readonly<Record<string, string>>;
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly port?: number;
  readonly reason?: string;
  readonly missing?: number;
  readonly readBack?: number;
  readonly task?: string;
}

/** The real program in a process of its own. */
export class ProcessorProcess {
  readonly #child: ChildProcess;
  readonly lines: LogLine[] = [];
  #port = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    createInterface({input: child.stdout!}).on('line', (line) => {
      this.lines.push(JSON.parse(line) as LogLine);
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => console.error(text));
  }

  static async start(environment: ProcessorEnvironment): Promise<ProcessorProcess> {
    const child = spawn(process.execPath, ['stream-processor/main.ts'], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
        KAFKA_BROKERS: environment.brokers,
        FOREBAY_TOPIC_PREFIX: environment.prefix,
        FOREBAY_STATE_DIR: environment.stateDir,
        FOREBAY_REPLICA: environment.replica ?? 'only',
        FOREBAY_QUERY_PORT: '0',
        FOREBAY_PIPELINE: environment.pipeline ?? 'test/stream-processor/support/pipeline.ts',
        ...environment.more,
      },
    });
    const running = new ProcessorProcess(child);
    try {
      const started = await waitUntil('the processor to listen', START_DEADLINE_MS, () =>
        running.lines.find(({message}) => message === 'the processor runs'),
      );
      running.#port = started.port!;
      return running;
    } catch (error) {
      await running.kill();
      throw error;
    }
  }

  /** Runs it to its end, for starts that must fail. */
  static async run(
    env: Readonly<Record<string, string>>,
  ): Promise<{readonly exitCode: number | null; readonly output: string}> {
    const child = spawn(process.execPath, ['stream-processor/main.ts'], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {PATH: process.env['PATH'], ...env},
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    await once(child, 'close');
    return {exitCode: child.exitCode, output};
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async ready(): Promise<void> {
    await waitUntil('the processor to be ready', READY_DEADLINE_MS, async () => {
      const response = await fetch(`${this.url}/ready`);
      const {reason} = (await response.json()) as {reason?: string};
      if (!response.ok) throw new Error(reason);
      return true;
    });
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.url}${path}`);
    if (!response.ok)
      throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** The sum of a counter over its labels. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    return text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
  }

  has(message: string): boolean {
    return this.lines.some((line) => line.message === message);
  }

  /** What it ended of, when it ended by itself; `null` is an exit. */
  async ended(deadlineMs: number): Promise<NodeJS.Signals | null> {
    await waitUntil('the processor to end', deadlineMs, () => this.#hasEnded());
    return this.#child.signalCode;
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** It does nothing until `thaw`, and does not know how long that was. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  /** SIGTERM; returns the exit code. */
  async stop(): Promise<number | null> {
    await this.#end('SIGTERM');
    return this.#child.exitCode;
  }

  #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#hasEnded()) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exited;
  }
}

/** A folder that is gone when the test is over. */
export function temporaryFolder(): {readonly path: string; remove(): void} {
  const path = mkdtempSync(join(tmpdir(), 'forebay-processor-'));
  return {path, remove: () => rmSync(path, {recursive: true, force: true})};
}
