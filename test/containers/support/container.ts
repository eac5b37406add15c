import {spawn, type ChildProcess} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {waitUntil} from '../../support/wait-until.ts';
import {containerSpec, type SpecOptions} from './container-spec.ts';
import {runTool} from './run-tool.ts';

const START_DEADLINE_MS = 60_000;

export type ContainerOptions = Omit<SpecOptions, 'id'> & {
  /** Where the containers of this run are kept. */
  readonly folder: string;
};

/** An image as it runs under `runc`, the runtime of Docker: process 1 of its own, on a root it cannot write to. */
export class Container {
  /** What it wrote, line by line. */
  readonly lines: string[] = [];
  /** Its exit code. */
  readonly exited: Promise<number | null>;
  readonly #id: string;
  readonly #state: string;
  readonly #child: ChildProcess;

  private constructor(folder: string, id: string) {
    this.#id = id;
    this.#state = join(folder, 'runc');
    const args = ['--root', this.#state, 'run', '--bundle', join(folder, id), id];
    this.#child = spawn('runc', args, {stdio: ['ignore', 'pipe', 'pipe']});
    for (const input of [this.#child.stdout!, this.#child.stderr!]) {
      createInterface({input}).on('line', (line) => this.lines.push(line));
    }
    this.exited = new Promise((resolve) => this.#child.once('close', resolve));
  }

  static async start({folder, ...options}: ContainerOptions): Promise<Container> {
    const id = `forebay-${randomBytes(6).toString('hex')}`;
    const bundle = join(folder, id);
    await mkdir(bundle);
    await writeFile(join(bundle, 'config.json'), JSON.stringify(containerSpec({...options, id})));
    return new Container(folder, id);
  }

  /** Runs a command inside, as `docker exec` and the health check do. @throws when it fails. */
  async exec(...command: readonly string[]): Promise<string> {
    return await runTool('runc', ['--root', this.#state, 'exec', this.#id, ...command]);
  }

  /** The URL of what it serves, from the line in which it says that it runs. */
  async url(): Promise<string> {
    const port = await waitUntil(`the program to run`, START_DEADLINE_MS, () => {
      if (this.#child.exitCode !== null) throw new Error(this.lines.join('\n'));
      const line = this.lines.find((text) => / runs","/.test(text));
      return line === undefined ? null : (JSON.parse(line) as {port: number}).port;
    });
    return `http://127.0.0.1:${port}`;
  }

  async get(path: string): Promise<Response> {
    return await fetch(`${await this.url()}${path}`, {signal: AbortSignal.timeout(5_000)});
  }

  async ready(): Promise<void> {
    await waitUntil('it to be ready', START_DEADLINE_MS, async () => (await this.get('/ready')).ok);
  }

  /** Sends the image's stop signal. @returns its exit code. */
  async stop(signal: string): Promise<number | null> {
    await runTool('runc', ['--root', this.#state, 'kill', this.#id, signal]);
    return await this.exited;
  }

  /** For the end of a test, whatever happened in it. */
  async end(): Promise<void> {
    await runTool('runc', ['--root', this.#state, 'delete', '--force', this.#id]);
    await this.exited;
  }
}
