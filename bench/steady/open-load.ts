/**
 * Open-loop load: every request has its time, whatever became of those before it. Latency is counted from that time, so a
 * server that stalls is charged for all requests it kept waiting (coordinated omission). A refusal is obeyed: the same
 * request goes out again under the same Idempotency-Key when `Retry-After` has passed.
 */
import {Agent, request} from 'node:http';
import {setTimeout as sleep} from 'node:timers/promises';

const REQUEST_DEADLINE_MS = 20_000;
const DEFAULT_RETRY_MS = 1_000;
const MAX_TRIES = 300;
const NOTE = 'x'.repeat(100);

export interface OpenLoadOptions {
  readonly url: string;
  readonly key: string;
  readonly stations: number;
  /** Sockets; a request that finds none free waits, and the wait counts. */
  readonly connections: number;
}

export interface LoadStep {
  readonly eventsPerS: number;
  readonly eventsPerRequest: number;
  readonly seconds: number;
}

export class OpenLoad {
  /** Per HTTP status, 0 for no answer; each try counts. */
  readonly statuses = new Map<number, number>();
  /** What was accepted: place in the buffer → number of the event. */
  readonly acked = new Map<string, number>();
  readonly #options: OpenLoadOptions;
  readonly #agent: Agent;
  #next = 0;
  #latenciesMs: number[] = [];
  readonly #open = new Set<Promise<void>>();

  /** Another load of the same bench sends other requests. */
  readonly #id = crypto.randomUUID();

  constructor(options: OpenLoadOptions) {
    this.#options = options;
    this.#agent = new Agent({keepAlive: true, maxSockets: options.connections});
  }

  /** Latencies since the last call, ascending. */
  takeLatencies(): readonly number[] {
    const taken = this.#latenciesMs.sort((a, b) => a - b);
    this.#latenciesMs = [];
    return taken;
  }

  /** Sends for so long, or until `signal`; does not wait for the answers. */
  async run(step: LoadStep, signal?: AbortSignal): Promise<void> {
    const {eventsPerS, eventsPerRequest, seconds} = step;
    const requestsPerS = eventsPerS / eventsPerRequest;
    const startMs = performance.now();
    for (let n = 0; n < requestsPerS * seconds; n++) {
      if (signal?.aborted === true) return;
      const dueMs = startMs + (n * 1_000) / requestsPerS;
      if (dueMs > performance.now()) await sleep(dueMs - performance.now());
      const sending = this.#send(eventsPerRequest, dueMs).finally(() => this.#open.delete(sending));
      this.#open.add(sending);
    }
  }

  /** Until every request has its final answer. */
  async settle(): Promise<void> {
    await Promise.all(this.#open);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #send(count: number, dueMs: number): Promise<void> {
    const first = this.#next;
    this.#next += count;
    const events = Array.from({length: count}, (_, index) => ({
      station: `station-${(first + index) % this.#options.stations}`,
      n: first + index,
      note: NOTE,
    }));
    const body = Buffer.from(JSON.stringify(events));
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const {status, retryMs, text} = await this.#post(body, `${this.#id}-${first}`);
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
      if (status === 202) {
        this.#latenciesMs.push(performance.now() - dueMs);
        const answer = JSON.parse(text) as {events: readonly StoredEvent[]};
        for (const {index, shard, seq} of answer.events) {
          this.acked.set(`${shard} ${seq}`, first + index);
        }
        return;
      }
      await sleep(retryMs);
    }
    throw new Error(`request ${first} was refused ${MAX_TRIES} times`);
  }

  #post(body: Buffer, idempotencyKey: string): Promise<Answer> {
    const {url, key} = this.#options;
    return new Promise((resolve) => {
      const none = (): void => resolve({status: 0, retryMs: DEFAULT_RETRY_MS, text: ''});
      const sent = request(
        `${url}/v1/streams/readings`,
        {
          method: 'POST',
          agent: this.#agent,
          headers: {
            authorization: `Bearer ${key}`,
            'content-type': 'application/json',
            'content-length': body.byteLength,
            'idempotency-key': idempotencyKey,
            prefer: 'return=representation',
          },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (part: string) => (text += part));
          response.on('error', none);
          response.on('end', () => {
            const retryMs = Number(response.headers['retry-after'] ?? 1) * 1_000;
            resolve({status: response.statusCode ?? 0, retryMs, text});
          });
        },
      );
      sent.setTimeout(REQUEST_DEADLINE_MS, () => sent.destroy());
      sent.on('error', none);
      sent.end(body);
    });
  }
}

interface StoredEvent {
  readonly index: number;
  readonly shard: string;
  readonly seq: number;
}

interface Answer {
  readonly status: number;
  readonly retryMs: number;
  readonly text: string;
}
