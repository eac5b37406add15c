import type {Context} from 'hono';
import {streamSSE, type SSEStreamingApi} from 'hono/streaming';
import {withTimeout} from '../../src/lib/with-timeout.ts';
import {Interleaved} from '../route/interleaved.ts';

const KEEP_ALIVE_MS = 15_000;
/** A reader whose socket takes nothing for so long is let go; it comes back with its Last-Event-ID. */
const STALLED_MS = 60_000;

export interface SentEvent {
  readonly event: string;
  readonly id: string;
  readonly data: unknown;
}

/**
 * Server-sent events, one at a time: the next is asked for when the socket has taken the last, so a slow reader holds one
 * event and its place, and nothing else waits for it. `stop` is called when the reader has gone.
 */
export function sendEvents(
  c: Context,
  events: AsyncIterable<SentEvent>,
  stop: () => void,
): Response {
  if (c.req.method === 'HEAD') stop();
  // Proxies must not hold events back to compress or batch them.
  c.header('x-accel-buffering', 'no');
  return streamSSE(c, async (stream) => {
    stream.onAbort(stop);
    const arrivals = new Interleaved([events[Symbol.asyncIterator]()]);
    try {
      while (!stream.aborted && !stream.closed) {
        const arrival = await arrivals.next(KEEP_ALIVE_MS);
        // The client asks again, and is told then why it cannot go on.
        if (arrival !== undefined && arrival.kind !== 'value') break;
        const text = arrival === undefined ? ': keep-alive\n\n' : textOf(arrival.value);
        if (!(await isTaken(stream, text))) break;
      }
    } finally {
      stop();
      // What waits for the next value to be asked for hears of no signal.
      arrivals.close();
    }
  });
}

/** Whether the reader took it in time. */
async function isTaken(stream: SSEStreamingApi, text: string): Promise<boolean> {
  const writing = withTimeout(stream.write(text), {
    what: 'a write to a reader',
    timeoutMs: STALLED_MS,
  });
  return await writing.then(
    () => true,
    () => false,
  );
}

/** JSON has no line breaks, so one data line holds it. */
function textOf({event, id, data}: SentEvent): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\nid: ${id}\n\n`;
}
