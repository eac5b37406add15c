import {follow, type LiveOptions} from './follow.ts';
import {request, RequestFailed, urlOf, type ClientOptions} from './request.ts';

export type SqlParameter = string | number | boolean | null;

export type SqlValues = readonly (string | number | null)[];

/** By view: event time up to which its windows are complete. */
export type Watermarks = Readonly<Record<string, number | null>>;

export interface SqlResult {
  readonly columns: readonly string[];
  readonly rows: readonly SqlValues[];
  readonly watermarks: Watermarks;
}

/** Rows have no identity: of rows that are alike as many are inserted and deleted as it takes. */
export type SqlChange =
  | {
      readonly event: 'snapshot';
      readonly columns: readonly string[];
      readonly rows: readonly SqlValues[];
    }
  | {
      readonly event: 'delta';
      readonly insert: readonly SqlValues[];
      readonly delete: readonly SqlValues[];
    }
  | {readonly event: 'progress'; readonly watermarks: Watermarks}
  /** What was told so far does not hold any more; a snapshot follows. */
  | {readonly event: 'reset'};

/** One SELECT over the views. @throws RequestFailed */
export async function runSql(
  options: ClientOptions,
  sql: string,
  params: readonly SqlParameter[] = [],
): Promise<SqlResult> {
  const response = await request(options, ...sqlRequest(options, '/v1/sql', {sql, params}));
  return (await response.json()) as SqlResult;
}

/**
 * The rows of a SELECT as they are, then every change, until the signal.
 * @throws RequestFailed when it cannot be answered, or not any more
 */
export async function* followSql(
  options: ClientOptions,
  sql: string,
  params: readonly SqlParameter[] = [],
  live: LiveOptions = {},
): AsyncGenerator<SqlChange, void, undefined> {
  const [url, init] = sqlRequest(options, '/v1/sql/live', {sql, params});
  const open = (headers: Record<string, string>, signal: AbortSignal) =>
    request(options, url, {...init, headers: {...init.headers, ...headers}, signal});
  for await (const {event, data} of follow(open, live)) {
    if (event !== 'problem') {
      yield {event, ...(data as object)} as SqlChange;
      continue;
    }
    // The connection ends with it; a trouble of the processor is one to come back from.
    const {status} = data as {status: number};
    if (status < 500) throw new RequestFailed(status, data, null);
  }
}

function sqlRequest(options: ClientOptions, path: string, question: object) {
  const init = {
    method: 'POST',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify(question),
  };
  return [`${urlOf(options.queryUrl)}${path}`, init] as const;
}
