import type {MessagePort} from 'node:worker_threads';
import {describeError} from '../../src/lib/errors.ts';
import {post} from './post.ts';
import type {AnswererFrame, AskerFrame, RequestFrame} from './tunnel-frames.ts';

interface Exchange {
  readonly abort: AbortController;
  reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
}

type Answer = (request: Request) => Response | Promise<Response>;

/** Answers what comes over a port as an HTTP server would, until the port closes: see tunnel-frames.ts. */
export function answerTunnel(port: MessagePort, answer: Answer): void {
  const answerer = new TunnelAnswerer(port, answer);
  port.on('message', (frame: AskerFrame) => answerer.take(frame));
  port.on('close', () => answerer.close());
}

class TunnelAnswerer {
  readonly #port: MessagePort;
  readonly #answer: Answer;
  readonly #exchanges = new Map<number, Exchange>();

  constructor(port: MessagePort, answer: Answer) {
    this.#port = port;
    this.#answer = answer;
  }

  take(frame: AskerFrame): void {
    if (frame.kind === 'request') void this.#begin(frame);
    else if (frame.kind === 'pull') void this.#sendChunk(frame.id);
    else this.#abort(frame.id);
  }

  async #begin({id, method, url, headers, body}: RequestFrame): Promise<void> {
    const exchange: Exchange = {abort: new AbortController(), reader: undefined};
    this.#exchanges.set(id, exchange);
    try {
      const {signal} = exchange.abort;
      const names = headers.map(([name, value]): [string, string] => [name, value]);
      const response = await this.#answer(new Request(url, {method, headers: names, body, signal}));
      if (signal.aborted) {
        await response.body?.cancel();
        return;
      }
      exchange.reader = response.body?.getReader();
      this.#send({kind: 'head', id, status: response.status, headers: [...response.headers]});
      if (exchange.reader === undefined) this.#end(id, {kind: 'end', id});
    } catch (error) {
      this.#end(id, {kind: 'failed', id, reason: describeError(error)});
    }
  }

  async #sendChunk(id: number): Promise<void> {
    const reader = this.#exchanges.get(id)?.reader;
    if (reader === undefined) return;
    try {
      const {done, value} = await reader.read();
      if (done) this.#end(id, {kind: 'end', id});
      else if (this.#exchanges.has(id)) this.#send({kind: 'chunk', id, bytes: value});
    } catch (error) {
      this.#end(id, {kind: 'failed', id, reason: describeError(error)});
    }
  }

  #end(id: number, frame: AnswererFrame): void {
    // After an abort nobody waits for it.
    if (this.#exchanges.delete(id)) this.#send(frame);
  }

  #abort(id: number): void {
    const exchange = this.#exchanges.get(id);
    if (exchange === undefined) return;
    this.#exchanges.delete(id);
    exchange.abort.abort();
    void exchange.reader?.cancel().catch(() => {});
  }

  /** Nobody is there any more. */
  close(): void {
    for (const id of this.#exchanges.keys()) this.#abort(id);
  }

  #send(frame: AnswererFrame): void {
    post<AnswererFrame>(this.#port, frame);
  }
}
