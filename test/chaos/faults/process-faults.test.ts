/** Faults of processes and of their clocks, on a program that does nothing but tell the time. */
import {spawn, type ChildProcess} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {randomOf} from '../../../dev/random-of.ts';
import {waitUntil} from '../../support/wait-until.ts';
import {faultCatalogue} from './catalogue.ts';
import type {ChaosProcess} from './chaos-system.ts';
import type {Fault} from './fault.ts';

const DEADLINE_MS = 30_000;
const CLOCK = `setInterval(() => console.log(Date.now(), new Date().getTime(), Math.round(performance.now())), 20)`;
const PRELOAD = join(import.meta.dirname, 'clock-step.ts');

/** A program that is started by hand, as whoever runs faults does it. */
class Ticker implements ChaosProcess {
  readonly part = 'drain';
  readonly name: string;
  readonly clockFile: string;
  readonly twins: ChildProcess[] = [];
  starts = 0;
  times: readonly number[] = [];
  #child: ChildProcess | undefined;

  constructor(name: string, dir: string) {
    this.name = name;
    this.clockFile = join(dir, `${name}.clock`);
  }

  get pid(): number | undefined {
    const child = this.#child;
    return child?.exitCode === null && child.signalCode === null ? child.pid : undefined;
  }

  async restart(): Promise<void> {
    if (this.pid !== undefined) return;
    this.starts += 1;
    this.times = [];
    this.#child = spawn(process.execPath, ['--import', PRELOAD, '--eval', CLOCK], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {...process.env, FOREBAY_CHAOS_CLOCK: this.clockFile},
    });
    createInterface({input: this.#child.stdout!}).on('line', (line) => {
      this.times = line.split(' ').map(Number);
    });
    await this.ticks();
  }

  /** Resolves when it has told the time once more. */
  async ticks(): Promise<readonly number[]> {
    const before = this.times;
    await waitUntil('a tick', DEADLINE_MS, () => this.times !== before);
    return this.times;
  }

  startTwin(): Promise<{end(): Promise<void>}> {
    const twin = spawn(process.execPath, ['--eval', CLOCK], {stdio: 'ignore'});
    this.twins.push(twin);
    const ended = new Promise<void>((resolve) => twin.once('exit', () => resolve()));
    const end = (): Promise<void> => {
      twin.kill('SIGKILL');
      return ended;
    };
    return Promise.resolve({end});
  }

  end(): void {
    this.#child?.kill('SIGKILL');
    for (const twin of this.twins) twin.kill('SIGKILL');
  }
}

let dir: string;
let tickers: readonly Ticker[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'forebay-ticker-'));
  tickers = ['drain-a', 'drain-b'].map((name) => new Ticker(name, dir));
  await Promise.all(tickers.map((ticker) => ticker.restart()));
});

afterEach(() => {
  for (const ticker of tickers) ticker.end();
  rmSync(dir, {recursive: true, force: true});
});

function draw(kind: string, seed = 7): {fault: Fault; hit: Ticker} {
  const makers = faultCatalogue({brokers: [], kafkaProxies: [], processes: tickers});
  const fault = makers.find((maker) => maker.kind === kind)!.make(randomOf(seed));
  return {fault, hit: tickers.find(({name}) => name === fault.target) ?? tickers[0]!};
}

test.each(['kill-drain', 'terminate-drain'])(
  '%s: the process is gone, and runs again after it',
  async (kind) => {
    const {fault, hit} = draw(kind);
    await fault.start();
    expect(hit.pid).toBeUndefined();
    await fault.stop();
    await hit.ticks();
    await fault.stop();
    expect(hit.starts).toBe(2);
  },
);

test.each(['stop-drain', 'stop-drain-for-long'])(
  '%s: the process stands still, and goes on after it',
  async (kind) => {
    const {fault, hit} = draw(kind);
    await fault.start();
    await waitUntil('it to stand still', DEADLINE_MS, () => stateOf(hit.pid!) === 'T');
    await fault.stop();
    await hit.ticks();
    expect(hit.starts).toBe(1);
  },
);

test('stop-drain-for-long outlasts a transaction’s timeout and a group’s session', () => {
  for (let seed = 0; seed < 50; seed++) {
    expect(draw('stop-drain-for-long', seed).fault.durationMs).toBeGreaterThan(15_000);
  }
});

test('roll-drain: every process is started anew, one after another', async () => {
  const {fault} = draw('roll-drain');
  await fault.start();
  await fault.stop();
  expect(tickers.map(({starts}) => starts)).toEqual([2, 2]);
});

test('hijack-drain: a second process runs, and ends with the fault', async () => {
  const {fault, hit} = draw('hijack-drain');
  await fault.start();
  expect(hit.twins.map(({exitCode}) => exitCode)).toEqual([null]);
  await fault.stop();
  expect(hit.twins.map(({signalCode}) => signalCode)).toEqual(['SIGKILL']);
  expect(hit.starts).toBe(1);
});

test('step-clock-drain: the wall clock jumps at once, the monotonic one goes on, and both are right after it', async () => {
  const {fault, hit} = draw('step-clock-drain');
  const offsetMs = Number(/-?\d+/.exec(fault.detail)?.[0]);
  const shifted = (): boolean => Math.abs(hit.times[0]! - Date.now() - offsetMs) < 5_000;
  const [, , before = 0] = await hit.ticks();
  await fault.start();
  await waitUntil('the step', DEADLINE_MS, shifted);
  const [now = 0, date, monotonic = 0] = hit.times;
  expect(Math.abs(date! - now)).toBeLessThan(1_000);
  expect(monotonic - before).toBeLessThan(DEADLINE_MS);
  await fault.stop();
  await waitUntil('the way back', DEADLINE_MS, () => Math.abs(hit.times[0]! - Date.now()) < 5_000);
});

test('a fault that never started undoes nothing', async () => {
  const {fault, hit} = draw('kill-drain');
  await fault.stop();
  expect(hit.starts).toBe(1);
});

/** Linux: the third field of /proc/PID/stat. */
function stateOf(pid: number): string | undefined {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0];
}
