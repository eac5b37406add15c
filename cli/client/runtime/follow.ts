import {sleep} from '../../../src/lib/sleep.ts';
import {RequestFailed} from './request.ts';

export interface LiveOptions {
  readonly signal?: AbortSignal;
}

export interface Told {
  readonly event: string;
  readonly id: string;
  readonly data: unknown;
}

const RECONNECT_FIRST_MS = 250;
const RECONNECT_MAX_MS = 10_000;

/**
 * What a live query tells, until the signal. A connection that ends is opened again where it was.
 * @throws RequestFailed for a query that cannot be answered
 */
export async function* follow(
  open: (headers: Record<string, string>, signal: AbortSignal) => Promise<Response>,
  {signal}: LiveOptions,
): AsyncGenerator<Told, void, undefined> {
  const stopped = signal ?? new AbortController().signal;
  const headers: Record<string, string> = {accept: 'text/event-stream'};
  for (let failures = 0; !stopped.aborted; failures++) {
    const waitMs = Math.min(RECONNECT_MAX_MS, RECONNECT_FIRST_MS * 2 ** failures);
    try {
      for await (const told of serverEvents(await open(headers, stopped))) {
        if (stopped.aborted) return;
        headers['last-event-id'] = told.id;
        failures = 0;
        yield told;
      }
    } catch (error) {
      if (error instanceof RequestFailed && error.status < 500) throw error;
    }
    await sleep(waitMs, stopped);
  }
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
