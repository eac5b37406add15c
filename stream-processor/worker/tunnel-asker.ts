import type {MessagePort} from 'node:worker_threads';
import {ForebayError} from '../../src/lib/errors.ts';
import {post} from './post.ts';
import {
  MAX_EXCHANGES,
  MAX_REQUEST_BYTES,
  type AnswererFrame,
  type AskerFrame,
} from './tunnel-frames.ts';

interface Exchange {
  readonly answered: PromiseWithResolvers<Response>;
  body: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** No longer listens to the request's signal. */
  readonly release: () => void;
}

/** `fetch` to whoever answers at the other end of a port: see tunnel-frames.ts. */
export class TunnelAsker {
  readonly #port: MessagePort;
  readonly #exchanges = new Map<number, Exchange>();
  #lastId = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (frame: AnswererFrame) => this.#take(frame));
    port.on('close', () => this.#closed());
  }

  /** As `fetch`. @throws ForebayError `TUNNEL_FULL`, `TUNNEL_REQUEST_TOO_LARGE`, `TUNNEL_FAILED`; the signal's reason */
  async fetch(request: Request): Promise<Response> {
    const body = request.body === null ? null : new Uint8Array(await request.arrayBuffer());
    if (body !== null && body.length > MAX_REQUEST_BYTES) {
      throw new ForebayError({
        code: 'TUNNEL_REQUEST_TOO_LARGE',
        message: `the request has ${body.length} bytes, more than ${MAX_REQUEST_BYTES}`,
      });
    }
    if (this.#exchanges.size >= MAX_EXCHANGES) {
      throw new ForebayError({
        code: 'TUNNEL_FULL',
        message: `${MAX_EXCHANGES} requests to one worker are open`,
        isRetryable: true,
      });
    }
    const {signal, method, url, headers} = request;
    signal.throwIfAborted();
    const id = ++this.#lastId;
    const abort = () => this.#abort(id, signal.reason);
    signal.addEventListener('abort', abort);
    const answered = Promise.withResolvers<Response>();
    const release = () => signal.removeEventListener('abort', abort);
    this.#exchanges.set(id, {answered, body: undefined, release});
    this.#send({kind: 'request', id, method, url, headers: [...headers], body});
    return answered.promise;
  }

  #send(frame: AskerFrame): void {
    post<AskerFrame>(this.#port, frame);
  }

  #take(frame: AnswererFrame): void {
    const exchange = this.#exchanges.get(frame.id);
    // Aborted while the frame was under way.
    if (exchange === undefined) return;
    if (frame.kind === 'head') exchange.answered.resolve(this.#response(frame, exchange));
    else if (frame.kind === 'chunk') exchange.body?.enqueue(frame.bytes);
    else if (frame.kind === 'end') {
      this.#forget(frame.id);
      exchange.body?.close();
    } else this.#fail(frame.id, failed(frame.reason));
  }

  #response(
    {id, status, headers}: Extract<AnswererFrame, {kind: 'head'}>,
    exchange: Exchange,
  ): Response {
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          exchange.body = controller;
        },
        pull: () => this.#send({kind: 'pull', id}),
        cancel: (reason) => this.#abort(id, reason),
      },
      {highWaterMark: 0},
    );
    const names = headers.map(([name, value]): [string, string] => [name, value]);
    return new Response(isBodyless(status) ? null : body, {status, headers: names});
  }

  #abort(id: number, reason: unknown): void {
    if (!this.#exchanges.has(id)) return;
    this.#send({kind: 'abort', id});
    this.#fail(id, reason);
  }

  #fail(id: number, reason: unknown): void {
    const exchange = this.#exchanges.get(id);
    if (exchange === undefined) return;
    this.#forget(id);
    exchange.answered.reject(reason);
    try {
      exchange.body?.error(reason);
    } catch {
      // Its reader has cancelled it.
    }
  }

  #forget(id: number): void {
    this.#exchanges.get(id)?.release();
    this.#exchanges.delete(id);
  }

  #closed(): void {
    for (const id of this.#exchanges.keys()) this.#fail(id, failed('the other thread has ended'));
  }
}

function isBodyless(status: number): boolean {
  return status === 204 || status === 304;
}

function failed(reason: string): ForebayError {
  return new ForebayError({code: 'TUNNEL_FAILED', message: reason, isRetryable: true});
}
