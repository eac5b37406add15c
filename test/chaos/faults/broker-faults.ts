import {between} from '../../support/seeded-random.ts';
import type {ChaosBroker, ChaosSystem} from './chaos-system.ts';
import {faultOf} from './fault-of.ts';
import type {FaultMaker} from './fault.ts';
import {hitOne} from './hit-one.ts';
import {moveLeaders} from './move-leaders.ts';
import {pick} from './pick.ts';

const AWAY_MS = [0, 4_000] as const;
/** Up to beyond a broker's session with its controller (9 s), after which its leaders move. */
const STOP_MS = [1_000, 14_000] as const;
const CLUSTER_AWAY_MS = [1_000, 8_000] as const;

/** Ends and stops brokers, and moves leaders without ending any. */
export function brokerFaults({brokers, kafka}: ChaosSystem): readonly FaultMaker[] {
  if (brokers.length === 0) return [];
  return [
    away(brokers, 'SIGKILL'),
    away(brokers, 'SIGTERM'),
    stopped(brokers),
    wholeCluster(brokers),
    ...(kafka !== undefined && brokers.length > 1 ? [leaders(kafka)] : []),
  ];
}

function away(brokers: readonly ChaosBroker[], signal: 'SIGKILL' | 'SIGTERM'): FaultMaker {
  return hitOne({
    kind: signal === 'SIGKILL' ? 'kill-broker' : 'terminate-broker',
    part: 'kafka',
    targets: named(brokers),
    draw: (random, {broker}) => ({
      detail: signal,
      durationMs: between(random, ...AWAY_MS),
      begin: () => broker.kill(signal),
      undo: () => broker.restart(),
    }),
  });
}

function stopped(brokers: readonly ChaosBroker[]): FaultMaker {
  return hitOne({
    kind: 'stop-broker',
    part: 'kafka',
    targets: named(brokers),
    draw: (random, {broker}) => ({
      detail: 'SIGSTOP, then SIGCONT',
      durationMs: between(random, ...STOP_MS),
      begin: () => broker.kill('SIGSTOP'),
      undo: () => broker.kill('SIGCONT'),
    }),
  });
}

function named(brokers: readonly ChaosBroker[]) {
  return brokers.map((broker) => ({name: `kafka-${broker.id}`, broker}));
}

/** All at once: what was acknowledged is in the page cache or on disk of each. */
function wholeCluster(brokers: readonly ChaosBroker[]): FaultMaker {
  const kind = 'kill-cluster';
  return {
    kind,
    part: 'kafka',
    make(random) {
      return faultOf({
        kind,
        target: 'every broker',
        detail: 'SIGKILL',
        durationMs: between(random, ...CLUSTER_AWAY_MS),
        begin: async () => void (await Promise.all(brokers.map((node) => node.kill('SIGKILL')))),
        undo: async () => void (await Promise.all(brokers.map((node) => node.restart()))),
      });
    },
  };
}

function leaders(kafka: NonNullable<ChaosSystem['kafka']>): FaultMaker {
  const kind = 'move-leaders';
  return {
    kind,
    part: 'kafka',
    make(random) {
      const topic = pick(random, kafka.topics);
      let moved: {back(): Promise<void>} | undefined;
      return faultOf({
        kind,
        target: topic,
        detail: 'every partition to another leader',
        durationMs: between(random, ...CLUSTER_AWAY_MS),
        async begin() {
          moved = await moveLeaders({brokers: kafka.directBrokers, topic});
        },
        undo: () => moved?.back(),
      });
    },
  };
}
