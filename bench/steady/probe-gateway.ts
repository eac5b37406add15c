import {setTimeout as sleep} from 'node:timers/promises';
import {longestGapMs} from './longest-gap-ms.ts';

const PAUSE_MS = 5;
const ANSWER_DEADLINE_MS = 500;

export interface GatewayProbe {
  /** The longest time between two 2xx that ended after `sinceMs`. */
  longestGapMs(sinceMs: number): number;
  stop(): Promise<void>;
}

/** One small request after the other; notes when each 2xx came. */
export function probeGateway(url: string, key: string): GatewayProbe {
  const times: number[] = [];
  const end = new AbortController();
  const probing = (async () => {
    for (let n = 0; !end.signal.aborted; n++) {
      const status = await fetch(`${url}/v1/streams/readings`, {
        method: 'POST',
        headers: {authorization: `Bearer ${key}`, 'content-type': 'application/json'},
        body: JSON.stringify({station: 'probe', n, note: ''}),
        signal: AbortSignal.timeout(ANSWER_DEADLINE_MS),
      }).then(
        async (response) => {
          await response.arrayBuffer();
          return response.status;
        },
        () => 0,
      );
      if (status === 202) times.push(performance.now());
      await sleep(PAUSE_MS);
    }
  })();
  return {
    longestGapMs: (sinceMs) => longestGapMs(times, sinceMs),
    async stop() {
      end.abort();
      await probing;
    },
  };
}
