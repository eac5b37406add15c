/**
 * One attempt to read one shard: handshake, welcome, frames, end. What to do about an end is the shard's business
 * (shard-drain.ts). After `onEnd`, which comes exactly once, a link says nothing more.
 */
import {ForebayError, toError} from '../src/lib/errors.ts';
import {
  checkDrainVersion,
  CLOSE_ROLLED_BACK,
  CLOSE_SUPERSEDED,
  Welcome,
  type DrainMessage,
} from '../src/protocol/drain.ts';
import type {Shard} from '../src/record/shard.ts';
import {LINK_IDLE_MS, WELCOME_DEADLINE_MS} from './limits.ts';
import {whyRefused} from './why-refused.ts';

/** `idle`: nothing was wrong, but nothing was heard either. `refused`: Kafka does not take what the shard sends. */
export type LinkEndKind = 'failed' | 'idle' | 'superseded' | 'rolled-back' | 'refused';

export interface LinkEnd {
  readonly kind: LinkEndKind;
  readonly error: Error;
}

export interface LinkHandlers {
  onWelcome(welcome: Welcome): void;
  onFrame(frame: Uint8Array): void;
  onEnd(end: LinkEnd): void;
}

export interface ShardLink {
  send(message: DrainMessage): void;
  /** Ends it from this side, without `onEnd`. */
  close(): void;
}

export type OpenLink = (shard: Shard, handlers: LinkHandlers) => ShardLink;

export interface GatewayClientOptions {
  /** Base URL, `http:` or `https:`. */
  readonly url: string;
  readonly key: string;
}

export function gatewayClient({url, key}: GatewayClientOptions): OpenLink {
  return (shard, handlers) =>
    new WebSocketLink({
      url: `${url}/drain/v1/shards/${shard.stream}/${shard.partition}`,
      headers: {authorization: `Bearer ${key}`},
      handlers,
    });
}

interface LinkOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly handlers: LinkHandlers;
}

class WebSocketLink implements ShardLink {
  readonly #options: LinkOptions;
  readonly #socket: WebSocket;
  #isOver = false;
  #isWelcomed = false;
  #timer: NodeJS.Timeout;

  constructor(options: LinkOptions) {
    this.#options = options;
    const {url, headers} = options;
    this.#socket = new WebSocket(url.replace(/^http/, 'ws'), {headers});
    this.#socket.binaryType = 'arraybuffer';
    this.#timer = setTimeout(() => this.#end('failed', silent()), WELCOME_DEADLINE_MS);
    this.#socket.addEventListener('message', ({data}) => this.#receive(data));
    this.#socket.addEventListener('close', ({code, reason}) => this.#closed(code, reason));
    // A 'close' always follows; without a listener Node reports the error as uncaught.
    this.#socket.addEventListener('error', () => {});
  }

  send(message: DrainMessage): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  close(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#socket.close();
  }

  #receive(data: unknown): void {
    if (this.#isOver) return;
    try {
      if (data instanceof ArrayBuffer && this.#isWelcomed) {
        this.#timer.refresh();
        this.#options.handlers.onFrame(new Uint8Array(data));
      } else this.#welcome(data);
    } catch (error) {
      const kind =
        (error as {code?: string}).code === 'SHARD_ROLLED_BACK' ? 'rolled-back' : 'failed';
      this.#end(kind, toError(error));
    }
  }

  #welcome(data: unknown): void {
    if (typeof data !== 'string' || this.#isWelcomed) throw outOfTurn();
    const message: unknown = JSON.parse(data);
    // The version first: another one may have another welcome.
    checkDrainVersion(Number((message as {version?: unknown} | null)?.version));
    const welcome = Welcome.parse(message);
    this.#isWelcomed = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end('idle', silent()), LINK_IDLE_MS);
    this.#options.handlers.onWelcome(welcome);
  }

  #closed(code: number, reason: string): void {
    if (this.#isOver) return;
    const words = `the gateway closed the link: ${code}${reason === '' ? '' : ` ${reason}`}`;
    if (code === CLOSE_SUPERSEDED) this.#end('superseded', linkEnded(words));
    else if (code === CLOSE_ROLLED_BACK) this.#end('rolled-back', linkEnded(words));
    else if (this.#isWelcomed) this.#end('failed', linkEnded(words));
    else void this.#refused();
  }

  /** A WebSocket does not tell the status of a refused handshake, and an operator needs it. */
  async #refused(): Promise<void> {
    clearTimeout(this.#timer);
    const {url, headers} = this.#options;
    const reason = await whyRefused(url, headers);
    this.#end('failed', reason);
  }

  #end(kind: LinkEndKind, error: Error): void {
    if (this.#isOver) return;
    this.close();
    this.#options.handlers.onEnd({kind, error});
  }
}

function linkEnded(message: string): ForebayError {
  return new ForebayError({code: 'DRAIN_LINK_ENDED', message, isRetryable: true});
}

function silent(): ForebayError {
  return linkEnded('nothing was heard from the shard');
}

function outOfTurn(): ForebayError {
  return new ForebayError({
    code: 'DRAIN_PROTOCOL',
    message: 'the shard sent a message that has no place here',
    hint: 'deploy gateway and drain of the same release',
  });
}
