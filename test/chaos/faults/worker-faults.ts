import {between} from '../../support/seeded-random.ts';
import {callChaosWorker} from './call-chaos-worker.ts';
import type {ChaosSystem} from './chaos-system.ts';
import {faultOf} from './fault-of.ts';
import type {FaultMaker} from './fault.ts';
import {pick} from './pick.ts';

const MAX_STEP_MS = 10 * 60_000;
const SHIFTED_MS = [2_000, 15_000] as const;
const MAX_ABORTS = 5;

/** What happens to a Worker and its Durable Objects without workerd ending, and a deployment, with which it does. */
export function workerFaults({worker}: ChaosSystem): readonly FaultMaker[] {
  if (worker === undefined) return [];
  const part = 'gateway';
  return [
    {
      kind: 'abort-shard',
      part,
      make(random) {
        const target = pick(random, worker.shards);
        const times = between(random, 1, MAX_ABORTS);
        return faultOf({
          kind: 'abort-shard',
          target,
          detail: `its object aborts, ${times} times`,
          durationMs: 0,
          async begin() {
            for (let n = 0; n < times; n++) await callChaosWorker(worker, {abort: target});
          },
          undo: () => undefined,
        });
      },
    },
    {
      kind: 'step-clock-gateway',
      part,
      make(random) {
        const offsetMs = between(random, -MAX_STEP_MS, MAX_STEP_MS);
        return faultOf({
          kind: 'step-clock-gateway',
          target: 'gateway',
          detail: `${offsetMs} ms`,
          durationMs: between(random, ...SHIFTED_MS),
          begin: () => callChaosWorker(worker, {clockMs: offsetMs}),
          undo: () => callChaosWorker(worker, {clockMs: 0}),
        });
      },
    },
    {
      kind: 'deploy-gateway',
      part,
      make: () =>
        faultOf({
          kind: 'deploy-gateway',
          target: 'gateway',
          detail: 'another build on the same storage',
          durationMs: 0,
          begin: () => worker.deployOther(),
          undo: () => undefined,
        }),
    },
  ];
}
