/**
 * A WebSocket between a drain and an object: each direction in order, with delays, until it is cut. A cut may be seen by
 * both ends, by one, or by none for a long time, as with a TCP peer that vanished without a word.
 */
import type {SimProcess} from '../engine/scheduler.ts';
import type {World} from '../engine/world.ts';

type Listener = (event: Record<string, unknown>) => void;

export type CutMode = 'both' | 'client-only' | 'server-only' | 'silent';

/** The gateway's address: who answers for a URL. */
export interface SocketHost {
  readonly world: World;
  accept(link: SimLink): void;
}

let hostOf: (url: string) => SocketHost = () => {
  throw new Error('no gateway in the simulation');
};

export function listen(host: (url: string) => SocketHost): void {
  hostOf = host;
}

/** What both ends share. */
export class SimLink {
  readonly client: SimSocket;
  readonly clientProcess: SimProcess | null;
  readonly host: SocketHost;
  server: ServerEnd | null = null;
  isOpen = true;
  #lastUpMs = 0;
  #lastDownMs = 0;

  constructor(client: SimSocket, host: SocketHost) {
    this.client = client;
    this.host = host;
    this.clientProcess = host.world.scheduler.current;
    this.clientProcess?.onDeath.push(() => this.cut('server-only'));
  }

  /** Towards the object. */
  up(act: () => void): void {
    const {scheduler} = this.host.world;
    const atMs = Math.max(this.#lastUpMs, scheduler.nowMs + this.host.world.latencyMs());
    this.#lastUpMs = atMs;
    scheduler.after(atMs - scheduler.nowMs, null, () => this.isOpen && act());
  }

  /** Towards the drain. */
  down(act: () => void): void {
    const {scheduler} = this.host.world;
    const atMs = Math.max(this.#lastDownMs, scheduler.nowMs + this.host.world.latencyMs());
    this.#lastDownMs = atMs;
    scheduler.after(atMs - scheduler.nowMs, this.clientProcess, () => this.isOpen && act());
  }

  /** Whatever is on its way is lost. */
  cut(mode: CutMode): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    const {scheduler} = this.host.world;
    const ms = this.host.world.latencyMs();
    if (mode === 'both' || mode === 'client-only')
      scheduler.after(ms, this.clientProcess, () => this.client.ended(1006, ''));
    if (mode === 'both' || mode === 'server-only')
      scheduler.after(ms, null, () => this.server?.gone());
  }
}

/** The drain's end: as much of the browser's WebSocket as gateway-client.ts uses. */
export class SimSocket {
  static readonly OPEN = 1;
  binaryType = 'blob';
  readyState = 0;
  readonly #listeners = new Map<string, Listener[]>();
  readonly #link: SimLink;

  constructor(url: string) {
    const host = hostOf(url);
    this.#link = new SimLink(this, host);
    this.#link.up(() => {
      this.readyState = 1;
      host.accept(this.#link);
    });
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  send(text: string): void {
    this.#link.up(() => this.#link.server?.received(text));
  }

  close(): void {
    if (this.readyState > 1) return;
    this.readyState = 2;
    // The other end hears of it behind what was sent before.
    this.#link.up(() => {
      this.#link.isOpen = false;
      this.#link.server?.gone();
    });
  }

  ended(code: number, reason: string): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.dispatch('close', {code, reason});
  }

  dispatch(type: string, event: Record<string, unknown>): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event);
  }
}

/** The object's end. It and its attachment outlive the object in memory: hibernation. */
export class ServerEnd {
  /** Set by the host that accepts it. */
  onMessage: (text: string) => void = () => {};
  onGone: () => void = () => {};
  /** The object's output gate. */
  gate: (act: () => void) => void = (act) => act();
  copies: () => number = () => 1;
  link: SimLink | null = null;
  #attachment = 'null';

  serializeAttachment(value: unknown): void {
    this.#attachment = JSON.stringify(value);
  }

  deserializeAttachment(): unknown {
    return JSON.parse(this.#attachment);
  }

  send(data: string | Uint8Array): void {
    const {link} = this;
    if (link === null) throw new Error('the socket is closed');
    const isText = typeof data === 'string';
    for (let copies = isText ? 1 : this.copies(); copies > 0; copies--) {
      const copy = isText ? data : data.slice().buffer;
      this.gate(() => link.down(() => link.client.dispatch('message', {data: copy})));
    }
  }

  close(code: number, reason: string): void {
    const {link} = this;
    if (link === null) return;
    this.link = null;
    this.gate(() =>
      link.down(() => {
        link.isOpen = false;
        link.client.ended(code, reason);
      }),
    );
    this.onGone();
  }

  received(text: string): void {
    if (this.link !== null) this.onMessage(text);
  }

  gone(): void {
    if (this.link === null) return;
    this.link = null;
    this.onGone();
  }
}

/** As the platform's: 0 goes to the one who asked, 1 stays. */
export class SimSocketPair {
  readonly 0 = null;
  readonly 1 = new ServerEnd();
}
