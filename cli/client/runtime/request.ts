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

/** @throws RequestFailed */
export async function request(
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

export function urlOf(url: string | undefined): string {
  if (url === undefined) throw new TypeError('the client was made without that URL');
  return url.replace(/\/$/, '');
}
