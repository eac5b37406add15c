import {spawn} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {mkdir} from 'node:fs/promises';
import {createServer} from 'node:net';
import {createRequire} from 'node:module';
import path from 'node:path';
import {createInterface} from 'node:readline';
import {setTimeout as sleep} from 'node:timers/promises';
import {ForebayError} from '../../src/lib/errors.ts';

/** The binary itself and not its wrapper, so that the child's pid is workerd's. */
const {default: workerdPath} = createRequire(import.meta.url)('workerd') as {default: string};

const HOST = '127.0.0.1';
const READY_TIMEOUT_MS = 20_000;
const READY_POLL_MS = 20;
const STOP_TIMEOUT_MS = 1_000;

export interface StartGatewayOptions {
  /** Made by bundleGateway. */
  readonly bundleDir: string;
  readonly port: number;
  /** Where SQLite files lie; one process at a time. */
  readonly stateDir: string;
  /** FOREBAY_KEYS */
  readonly keysJson: string;
  /** The secrets the pipeline names. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Lines the gateway prints. */
  readonly onLine?: (line: string) => void;
}

export interface RunningGateway {
  /** Of workerd itself. */
  readonly pid: number;
  readonly url: string;
  readonly child: ChildProcess;
  stop(): Promise<void>;
}

/**
 * Runs a bundle on `workerd serve`, as a self-hosted gateway does; resolves when it answers.
 * @throws ForebayError `PORT_BUSY`, `GATEWAY_START_FAILED`
 */
export async function startGateway(options: StartGatewayOptions): Promise<RunningGateway> {
  const {bundleDir, port, stateDir, keysJson, secrets} = options;
  await checkPort(port);
  await mkdir(stateDir, {recursive: true});
  const args = [
    'serve',
    path.join(bundleDir, 'workerd.capnp'),
    `--socket-addr=http=${HOST}:${port}`,
    `--directory-path=state=${path.resolve(stateDir)}`,
  ];
  const child = spawn(workerdPath, args, {
    env: {...process.env, FOREBAY_KEYS: keysJson, FOREBAY_SECRETS: JSON.stringify(secrets)},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lastLines = followLines(child, options.onLine ?? (() => undefined));
  const url = `http://${HOST}:${port}`;
  await untilHealthy(child, url, lastLines);
  return {pid: child.pid!, url, child, stop: () => stopChild(child)};
}

async function checkPort(port: number): Promise<void> {
  const probe = createServer();
  try {
    probe.listen(port, HOST);
    await once(probe, 'listening');
  } catch (cause) {
    throw new ForebayError({
      code: 'PORT_BUSY',
      message: `port ${port} is taken, so the gateway cannot listen on it`,
      hint: 'end what listens there, or set FOREBAY_GATEWAY_PORT to another port',
      cause,
    });
  } finally {
    if (probe.listening) await new Promise((resolve) => probe.close(resolve));
  }
}

const LINES_KEPT = 20;

/** The last lines, for the error of a start that failed. */
function followLines(child: ChildProcess, onLine: (line: string) => void): readonly string[] {
  const last: string[] = [];
  for (const stream of [child.stdout!, child.stderr!]) {
    createInterface({input: stream}).on('line', (line) => {
      last.push(line);
      if (last.length > LINES_KEPT) last.shift();
      onLine(line);
    });
  }
  return last;
}

async function untilHealthy(
  child: ChildProcess,
  url: string,
  lastLines: readonly string[],
): Promise<void> {
  const startMs = Date.now();
  while (child.exitCode === null && child.signalCode === null) {
    try {
      const response = await fetch(`${url}/health`, {signal: AbortSignal.timeout(1_000)});
      if (response.ok) return;
    } catch {
      // Not listening yet.
    }
    if (Date.now() - startMs > READY_TIMEOUT_MS) break;
    await sleep(READY_POLL_MS);
  }
  child.kill('SIGKILL');
  throw new ForebayError({
    code: 'GATEWAY_START_FAILED',
    message: `the gateway did not answer ${url}/health:\n${lastLines.join('\n')}`,
  });
}

/** Nothing is lost by the harder way either: what was answered is on disk. */
async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}
