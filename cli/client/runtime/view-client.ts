import {follow, type LiveOptions} from './follow.ts';
import {request, urlOf, type ClientOptions} from './request.ts';

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
    options: LiveOptions = {},
  ): AsyncGenerator<ViewChange<Row>, void, undefined> {
    const url = this.#url('/live', query);
    const open = (headers: Record<string, string>, signal: AbortSignal) =>
      request(this.#options, url, {headers, signal});
    for await (const {event, data} of follow(open, options)) {
      yield {event, ...(data as object)} as ViewChange<Row>;
    }
  }

  #url(path: string, query: object): string {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) parameters.set(name, String(value));
    return `${urlOf(this.#options.queryUrl)}/v1/views/${this.#name}${path}?${parameters.toString()}`;
  }
}
