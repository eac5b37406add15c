import {Hono} from 'hono';
import type {Counter, Gauge, Histogram} from './metrics.ts';
import {prometheusText} from './metrics.ts';

export interface HealthOptions {
  /** Why this program cannot do its work yet, in words; `null` when it can. */
  readonly notReadyReason: () => string | null;
  /** Why it is ready and yet has nothing to do; `null` when it has. */
  readonly idleReason?: () => string | null;
  readonly metrics: readonly (Counter | Gauge | Histogram)[];
  /** Positions and states, for the console: see src/protocol/status.ts. */
  readonly status: () => object;
}

/** What every Node program answers: `GET /health` (alive), `/ready` (503 with a reason until it is), `/metrics`, `/status`. */
export function healthRoutes(options: HealthOptions): Hono {
  return new Hono()
    .get('/health', (c) => c.json({status: 'ok'}))
    .get('/ready', (c) => {
      const reason = options.notReadyReason();
      if (reason !== null) return c.json({ready: false, reason}, 503);
      const idle = options.idleReason?.() ?? null;
      return c.json(idle === null ? {ready: true} : {ready: true, reason: idle});
    })
    .get('/metrics', (c) =>
      c.text(prometheusText(options.metrics), 200, {'content-type': 'text/plain; version=0.0.4'}),
    )
    .get('/status', (c) => c.json(options.status()));
}
