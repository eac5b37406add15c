/** Where Forebay is. */
export interface ClientOptions {
  /** Of the gateway, e.g. `https://ingest.example.com`. */
  readonly gatewayUrl?: string;
  /** API key that sends. */
  readonly key?: string;
  /** Of the stream processor. */
  readonly queryUrl?: string;
  readonly fetch?: typeof fetch;
}

/** An answer that is none of what was asked for: the problem (RFC 9457) in its body. */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed';
  readonly status: number;
  readonly problem: unknown;
  /** Seconds after which the same request may be answered. */
  readonly retryAfterS: number | undefined;

  constructor(status: number, problem: unknown, retryAfter: string | null) {
    const {title, detail} = (problem ?? {}) as {title?: string; detail?: string};
    super([String(status), title, detail].filter((part) => part !== undefined).join(' '));
    this.status = status;
    this.problem = problem;
    this.retryAfterS = retryAfter === null ? undefined : Number(retryAfter);
  }
}

/** What became of the events: those that are not listed were accepted. */
export interface SendAnswer {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly events: readonly {
    readonly index: number;
    readonly id?: string;
    readonly status: 'accepted' | 'duplicate' | 'rejected' | 'retry';
    readonly errors?: readonly {pointer: string; detail: string; code: string}[];
  }[];
}

export interface RowQuery {
  readonly key?: string;
  /** Of starts, inclusive: RFC 3339 or milliseconds. */
  readonly from?: string | number;
  /** Exclusive. */
  readonly to?: string | number;
}

export interface Page<Row> {
  readonly view: string;
  readonly rows: readonly Row[];
  readonly watermark: number | null;
  readonly cursor?: string;
}

/** What names a row. */
export interface RowName {
  readonly key: string;
  readonly start?: number;
  readonly end?: number;
  readonly id?: string;
}

export type ViewChange<Row> =
  | {readonly event: 'snapshot'; readonly rows: readonly Row[]}
  | {readonly event: 'delta'; readonly upsert: readonly Row[]; readonly delete: readonly RowName[]}
  | {readonly event: 'progress'; readonly watermark: number | null}
  /** What was told so far does not hold any more; a snapshot follows. */
  | {readonly event: 'reset'};

export interface LiveOptions {
  readonly signal?: AbortSignal;
}

export type SqlParameter = string | number | boolean | null;

export interface SqlResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
  readonly watermarks: Readonly<Record<string, number | null>>;
}

const RECONNECT_FIRST_MS = 250;
const RECONNECT_MAX_MS = 10_000;

/** A stream that takes events. */
export class StreamClient<Event> {
  readonly #options: ClientOptions;
  readonly #name: string;

  constructor(options: ClientOptions, name: string) {
    this.#options = options;
    this.#name = name;
  }

  /**
   * Sends one event, or a batch in one request.
   * @throws RequestFailed when none was accepted
   */
  async send(events: Event | readonly Event[], idempotencyKey?: string): Promise<SendAnswer> {
    const {key, gatewayUrl} = this.#options;
    const response = await request(this.#options, `${urlOf(gatewayUrl)}/v1/streams/${this.#name}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(key === undefined ? {} : {authorization: `Bearer ${key}`}),
        ...(idempotencyKey === undefined
          ? {}
          : {'idempotency-key': JSON.stringify(idempotencyKey)}),
      },
      body: JSON.stringify(events),
    });
    return (await response.json()) as SendAnswer;
  }
}

/** A view that can be asked. */
export class ViewClient<Row extends RowName> {
  readonly #options: ClientOptions;
  readonly #name: string;

  constructor(options: ClientOptions, name: string) {
    this.#options = options;
    this.#name = name;
  }

  async page(query: RowQuery & {limit?: number; cursor?: string} = {}): Promise<Page<Row>> {
    const response = await request(this.#options, this.#url('', query));
    return (await response.json()) as Page<Row>;
  }

  /** All rows of a range, page by page, by start and key. */
  async *rows(query: RowQuery & {limit?: number} = {}): AsyncGenerator<Row, void, undefined> {
    let cursor: string | undefined;
    do {
      const page = await this.page({...query, ...(cursor === undefined ? {} : {cursor})});
      yield* page.rows;
      ({cursor} = page);
    } while (cursor !== undefined);
  }

  /**
   * The rows as they are, then every change, until the signal. A connection that ends is opened again where it was.
   * @throws RequestFailed for a query that cannot be answered
   */
  async *live(
    query: RowQuery = {},
    {signal}: LiveOptions = {},
  ): AsyncGenerator<ViewChange<Row>, void, undefined> {
    const stopped = signal ?? new AbortController().signal;
    let place: string | undefined;
    for (let failures = 0; !stopped.aborted; failures++) {
      const waitMs = Math.min(RECONNECT_MAX_MS, RECONNECT_FIRST_MS * 2 ** failures);
      try {
        for await (const {event, id, data} of this.#events(query, place, stopped)) {
          if (stopped.aborted) return;
          place = id;
          failures = 0;
          yield {event, ...(data as object)} as ViewChange<Row>;
        }
      } catch (error) {
        if (error instanceof RequestFailed && error.status < 500) throw error;
      }
      await pause(waitMs, stopped);
    }
  }

  async *#events(query: RowQuery, place: string | undefined, signal: AbortSignal) {
    const headers: Record<string, string> = {accept: 'text/event-stream'};
    if (place !== undefined) headers['last-event-id'] = place;
    const response = await request(this.#options, this.#url('/live', query), {headers, signal});
    yield* serverEvents(response);
  }

  #url(path: string, query: object): string {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) parameters.set(name, String(value));
    return `${urlOf(this.#options.queryUrl)}/v1/views/${this.#name}${path}?${parameters.toString()}`;
  }
}

/** One SELECT over the views. @throws RequestFailed */
export async function runSql(
  options: ClientOptions,
  sql: string,
  params: readonly SqlParameter[] = [],
): Promise<SqlResult> {
  const response = await request(options, `${urlOf(options.queryUrl)}/v1/sql`, {
    method: 'POST',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify({sql, params}),
  });
  return (await response.json()) as SqlResult;
}

interface Told {
  readonly event: string;
  readonly id: string;
  readonly data: unknown;
}

/** Events of a `text/event-stream` (WHATWG HTML, 9.2), as Forebay writes them. */
async function* serverEvents(response: Response): AsyncGenerator<Told, void, undefined> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let held = '';
  try {
    for (;;) {
      const {done, value} = await reader.read();
      if (done) return;
      held += value;
      const blocks = held.split('\n\n');
      held = blocks.pop()!;
      for (const block of blocks) {
        const fields = new Map<string, string>();
        for (const line of block.split('\n')) {
          const colon = line.indexOf(': ');
          if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2));
        }
        const [event, data] = [fields.get('event'), fields.get('data')];
        if (event === undefined || data === undefined) continue;
        yield {event, id: fields.get('id') ?? '', data: JSON.parse(data) as unknown};
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

async function request(
  options: ClientOptions,
  url: string,
  init: RequestInit = {},
): Promise<Response> {
  const response = await (options.fetch ?? fetch)(url, init);
  if (response.ok) return response;
  const text = await response.text();
  throw new RequestFailed(response.status, parsed(text), response.headers.get('retry-after'));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function urlOf(url: string | undefined): string {
  if (url === undefined) throw new TypeError('the client was made without that URL');
  return url.replace(/\/$/, '');
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish);
    if (signal.aborted) finish();
  });
}
