import {Hono} from 'hono';
import type {Counter, Gauge, Histogram} from './metrics.ts';
import {prometheusText} from './metrics.ts';

type Now<T> = T | Promise<T>;

export interface HealthOptions {
  /** Why this program cannot do its work yet, in words; `null` when it can. */
  readonly notReadyReason: () => Now<string | null>;
  /** Why it is ready and yet has nothing to do; `null` when it has. */
  readonly idleReason?: () => string | null;
  /** Or their text, where it has to be gathered. */
  readonly metrics: readonly (Counter | Gauge | Histogram)[] | (() => Promise<string>);
  /** Positions and states, for the console: see src/protocol/status.ts. */
  readonly status: () => Now<object>;
}

/** What every Node program answers: `GET /health` (alive), `/ready` (503 with a reason until it is), `/metrics`, `/status`. */
export function healthRoutes(options: HealthOptions): Hono {
  const {metrics} = options;
  return new Hono()
    .get('/health', (c) => c.json({status: 'ok'}))
    .get('/ready', async (c) => {
      const reason = await options.notReadyReason();
      if (reason !== null) return c.json({ready: false, reason}, 503);
      const idle = options.idleReason?.() ?? null;
      return c.json(idle === null ? {ready: true} : {ready: true, reason: idle});
    })
    .get('/metrics', async (c) => {
      const text = typeof metrics === 'function' ? await metrics() : prometheusText(metrics);
      return c.text(text, 200, {'content-type': 'text/plain; version=0.0.4'});
    })
    .get('/status', async (c) => c.json(await options.status()));
}
