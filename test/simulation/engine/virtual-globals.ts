/**
 * What the product takes from its platform, given by the simulation instead: timers, clocks, ids, sockets. Installed once
 * in a process that does nothing else; which run they belong to is `World.current`.
 *
 * `AbortSignal.timeout` stays real: only the reason for a refused handshake is asked with it, and that fails at once.
 */
import {syncBuiltinESMExports} from 'node:module';
import timersPromises from 'node:timers/promises';
import {SimSocket, SimSocketPair} from '../gateway/sim-socket.ts';
import type {SimTimer} from './scheduler.ts';
import type {World} from './world.ts';

const realSetImmediate = globalThis.setImmediate;
/** Virtual midnight: a round number, so that windows are easy to read. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);

let world: World | null = null;

/** All promises have run when it resolves. */
export function turnOfEventLoop(): Promise<void> {
  return new Promise((resolve) => void realSetImmediate(resolve));
}

export function enterWorld(next: World): void {
  world = next;
}

function here(): World {
  if (world === null) throw new Error('no simulation runs');
  return world;
}

/** Of the process whose event this is. */
function wallClockMs(): number {
  const {nowMs, current} = here().scheduler;
  return Math.floor(EPOCH_MS + nowMs + (current?.clockOffsetMs ?? 0));
}

class SimTimeout {
  readonly #delayMs: number;
  readonly #act: () => void;
  #timer: SimTimer;

  constructor(delayMs: number, act: () => void) {
    this.#delayMs = delayMs;
    this.#act = act;
    this.#timer = this.#arm();
  }

  refresh(): this {
    this.close();
    this.#timer = this.#arm();
    return this;
  }

  close(): this {
    this.#timer.isCancelled = true;
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  #arm(): SimTimer {
    const {scheduler} = here();
    return scheduler.after(this.#delayMs, scheduler.current, this.#act);
  }
}

function setSimTimeout(act: (...args: unknown[]) => void, delayMs = 0, ...args: unknown[]) {
  return new SimTimeout(delayMs, () => act(...args));
}

function clearSimTimeout(timer: unknown): void {
  if (timer instanceof SimTimeout) timer.close();
}

/** The Response of a WebSocket handshake: Node's own refuses status 101. */
class HandshakeResponse {
  readonly status: number;

  constructor(_body: null, {status}: {readonly status: number}) {
    this.status = status;
  }
}

export function installVirtualGlobals(): void {
  const timers = {
    setTimeout: setSimTimeout,
    clearTimeout: clearSimTimeout,
    setImmediate: (act: (...args: unknown[]) => void, ...args: unknown[]) =>
      setSimTimeout(act, 0, ...args),
    clearImmediate: clearSimTimeout,
    setInterval: () => {
      throw new Error('nothing under simulation may use an interval: it never ends');
    },
    WebSocket: SimSocket,
    WebSocketPair: SimSocketPair,
    Response: HandshakeResponse,
    fetch: () => Promise.reject(new Error('nothing answers in the simulation')),
  };
  for (const [name, value] of Object.entries(timers))
    Object.defineProperty(globalThis, name, {value, configurable: true, writable: true});
  Date.now = wallClockMs;
  performance.now = () => here().scheduler.nowMs;
  // oxlint-disable-next-line no-console -- the platform's log, which a Durable Object writes to
  console.log = () => {};
  Object.defineProperty(crypto, 'randomUUID', {value: () => here().newId()});
  Object.defineProperty(crypto, 'getRandomValues', {
    value: (bytes: Uint8Array) => bytes.fill(0).map(() => here().random() * 256),
  });
  Object.assign(timersPromises, {
    setTimeout: (delayMs: number, value?: unknown) =>
      new Promise((resolve) => void setSimTimeout(() => resolve(value), delayMs)),
  });
  syncBuiltinESMExports();
}
