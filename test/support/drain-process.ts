import {spawn, type ChildProcess} from 'node:child_process';
import {join} from 'node:path';
import type {DrainStatus} from '../../src/protocol/status.ts';
import {patient, waitUntil} from './wait-until.ts';

const ROOT = join(import.meta.dirname, '../..');

export interface DrainProcessOptions {
  readonly gatewayUrl: string;
  readonly key: string;
  readonly brokers: string;
  readonly topicPrefix: string;
  readonly replica?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The drain as it is deployed: a process of its own. */
export class DrainProcess {
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  /** Its log, line by line. */
  readonly lines: string[] = [];

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.child = spawn(process.execPath, ['drain-service/main.ts'], {
      cwd: ROOT,
      env: {...process.env, ...env},
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      let rest = '';
      stream.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop()!;
        this.lines.push(...lines);
      });
    }
    this.exited = new Promise((resolve) => {
      this.child.once('exit', (code, signal) => resolve({code, signal}));
    });
  }

  static start(options: DrainProcessOptions): DrainProcess {
    return new DrainProcess({
      FOREBAY_GATEWAY_URL: options.gatewayUrl,
      FOREBAY_DRAIN_KEY: options.key,
      FOREBAY_DRAIN_PORT: '0',
      FOREBAY_PIPELINE: 'test/support/drain-pipeline.ts',
      FOREBAY_TOPIC_PREFIX: options.topicPrefix,
      FOREBAY_REPLICA: options.replica ?? 'drain-a',
      KAFKA_BROKERS: options.brokers,
      ...options.env,
    });
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** From its first log line, as port 0 is anyone's. */
  async url(): Promise<string> {
    const port = await waitUntil('the drain to listen', 20_000, () => {
      const line = this.lines.find((text) => text.includes('"message":"the drain runs"'));
      return line === undefined ? null : (JSON.parse(line) as {port: number}).port;
    });
    return `http://127.0.0.1:${port}`;
  }

  async get(path: string): Promise<Response> {
    return await fetch(`${await this.url()}${path}`, {signal: AbortSignal.timeout(patient(2_000))});
  }

  async status(): Promise<DrainStatus> {
    return (await (await this.get('/status')).json()) as DrainStatus;
  }

  async ready(deadlineMs = 20_000): Promise<void> {
    await waitUntil(`the drain to be ready`, deadlineMs, async () => (await this.get('/ready')).ok);
  }

  /** For the end of a test, whatever happened in it. */
  async end(): Promise<void> {
    if (this.isRunning) this.child.kill('SIGKILL');
    await this.exited;
  }
}
