/** What each kind of fault does to a running simulation. */
import {existsSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import type {CutMode} from './gateway/sim-socket.ts';
import type {ObjectHost} from './gateway/object-host.ts';
import {MARKER_MS} from './kafka/sim-broker.ts';
import type {Api} from './kafka/sim-wire.ts';
import {checkpointPath} from './programs.ts';
import {REPLICAS, type Replicas, type Running} from './replicas.ts';
import type {FaultKind, SimFault} from './schedule.ts';
import {names, readings, SHARDS} from './sim-pipeline.ts';
import type {Simulation} from './simulation.ts';

/** Begins it; what comes back ends it. */
type Start = (run: Simulation, fault: SimFault) => () => void;

const HOUR_MS = 3_600_000;
const SLOW_MARKER_MAX_MS = 3_000;
/** Times the usual delays. */
const SLOWEST_NETWORK = 60;
const DAMAGED_BYTES = 512;
const WIPE_POLL_MS = 50;
const CUT_MODES: readonly CutMode[] = ['both', 'client-only', 'server-only', 'silent'];
const HELD_APIS: readonly Api[] = ['end', 'produce', 'end', 'init'];

export const FAULTS: Readonly<Record<FaultKind, Start>> = {
  'kill-object': (run, fault) => moment(() => hostOf(run, fault).crash()),
  'hibernate-object': (run, fault) => moment(() => hostOf(run, fault).hibernate()),
  'wipe-object': (run, fault) => wipe(run, hostOf(run, fault)),
  'fail-storage': (run, fault) =>
    moment(() => {
      const {storage} = hostOf(run, fault);
      if (fault.amount < 0.6) storage.failTransactions = Math.ceil(fault.amount * 5);
      else storage.failSyncs = 1;
    }),
  'kill-drain': ({drains}, fault) => kill(drains, fault),
  'pause-drain': ({drains}, fault) => pause(drains, fault),
  'second-drain': ({drains}) => second(drains),
  'hand-over-drain': ({drains}) => handOver(drains),
  'kill-processor': ({processors}, fault) => kill(processors, fault),
  'pause-processor': ({processors}, fault) => pause(processors, fault),
  'second-processor': ({processors}) => second(processors),
  'hand-over-processor': ({processors}) => handOver(processors),
  'damage-checkpoint': (run, fault) => spoil(run, fault, damage),
  'lose-checkpoint': (run, fault) => spoil(run, fault, lose),
  'cut-links': ({hosts}, {amount, target}) =>
    moment(() => {
      const mode = CUT_MODES[Math.floor(target * CUT_MODES.length)]!;
      for (const host of amount < 0.5 ? hosts : hosts.slice(1)) host.cutLinks(mode);
    }),
  'misdeliver-frame': (run, fault) =>
    moment(() => {
      hostOf(run, fault).copiesOfNextFrame = fault.amount < 0.5 ? 0 : 2;
    }),
  'lose-requests': ({senders}, {amount}) => {
    senders.lostRequests = amount / 2;
    senders.lostAnswers = amount;
    return () => {
      senders.lostRequests = 0;
      senders.lostAnswers = 0;
    };
  },
  'repeat-requests': ({senders}, {amount}) => {
    senders.repeats = amount;
    return () => {
      senders.repeats = 0;
    };
  },
  'kafka-away': ({broker}) => {
    broker.isAway = true;
    return () => {
      broker.isAway = false;
    };
  },
  'kafka-loses': ({wire}, {amount, target}) => {
    wire.lostRequests = (amount * target) / 2;
    wire.lostAnswers = (amount * (1 - target)) / 2;
    return () => {
      wire.lostRequests = 0;
      wire.lostAnswers = 0;
    };
  },
  'kafka-fails': ({broker}, {amount}) => {
    broker.failureRate = amount;
    return () => {
      broker.failureRate = 0;
    };
  },
  'hold-frame': ({wire}, {target, durationMs}) =>
    moment(() => {
      const api = HELD_APIS[Math.floor(target * HELD_APIS.length)]!;
      wire.held.push({api, ms: durationMs});
    }),
  'slow-markers': ({broker}, {amount}) => {
    broker.markerMs = SLOW_MARKER_MAX_MS * amount;
    return () => {
      broker.markerMs = MARKER_MS;
    };
  },
  'stale-leader': ({broker}, {target}) => {
    const {partition} = SHARDS[Math.floor(target * SHARDS.length)]!;
    const log = broker.log(names.data(readings.name), partition);
    log.staleEnd = log.stableEnd;
    return () => {
      log.staleEnd = null;
    };
  },
  compact: ({broker}) =>
    moment(() => {
      const compacted = [
        names.drainProgress(),
        names.changelog(readings.name),
        names.results('running'),
      ];
      for (const log of broker.logs) if (compacted.includes(log.topic)) log.compact();
    }),
  'step-clock': (run, fault) => {
    const stepMs = (fault.amount - 0.5) * HOUR_MS;
    const step = (ms: number): void => {
      hostOf(run, fault).clockOffsetMs = ms;
      for (const replicas of [run.drains, run.processors]) {
        const process = replicas.processOf(replicas.main);
        if (process !== null) process.clockOffsetMs = ms;
      }
    };
    step(stepMs);
    return () => step(0);
  },
  'slow-network': ({world}, {amount}) => {
    world.slowness = 1 + SLOWEST_NETWORK * amount;
    return () => {
      world.slowness = 1;
    };
  },
};

function moment(act: () => void): () => void {
  act();
  return () => {};
}

function hostOf({hosts}: Simulation, {target}: SimFault): ObjectHost {
  return hosts[Math.floor(target * hosts.length)]!;
}

function otherThan(replica: number): number {
  return (replica + 1) % REPLICAS;
}

/** Kill -9; it is started again, or the other one takes over. */
function kill(replicas: Replicas<Running>, {amount}: SimFault): () => void {
  const {main} = replicas;
  replicas.kill(main);
  if (amount > 0.5) replicas.main = otherThan(main);
  return () => replicas.start(replicas.main);
}

/** A zombie: it stands still while another takes over, and wakes when that one is at work. */
function pause(replicas: Replicas<Running>, {amount}: SimFault): () => void {
  const {main} = replicas;
  const process = replicas.processOf(main);
  if (process === null) return () => {};
  process.isPaused = true;
  if (amount < 0.8) {
    replicas.main = otherThan(main);
    replicas.start(replicas.main);
  }
  return () => replicas.resume(process);
}

/** Two that both think they are the owner. */
function second(replicas: Replicas<Running>): () => void {
  const other = otherThan(replicas.main);
  replicas.start(other);
  return () => {
    if (other !== replicas.main) replicas.stop(other);
  };
}

function handOver(replicas: Replicas<Running>): () => void {
  const {main} = replicas;
  replicas.main = otherThan(main);
  replicas.stop(main);
  replicas.start(replicas.main);
  return () => {};
}

/** The processor dies, and its files are not what they were when it comes back. */
function spoil(
  {processors, folder, world}: Simulation,
  {amount}: SimFault,
  act: (path: string, chance: () => number) => void,
): () => void {
  const {main} = processors;
  processors.kill(main);
  const {partition} = SHARDS[Math.floor(amount * SHARDS.length)]!;
  const path = checkpointPath(folder, main, partition);
  if (existsSync(path)) act(path, world.random);
  return () => processors.start(processors.main);
}

function lose(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, {force: true});
}

/** A torn write, in one of its forms. */
function damage(path: string, chance: () => number): void {
  const bytes = readFileSync(path);
  const form = Math.floor(chance() * 3);
  if (form === 0)
    return writeFileSync(path, bytes.subarray(0, Math.floor(chance() * bytes.length)));
  const from = form === 1 ? 0 : Math.floor(chance() * bytes.length);
  bytes.fill(form === 1 ? 0x5a : 0, from, Math.min(from + DAMAGED_BYTES, bytes.length));
  return writeFileSync(path, bytes);
}

/** Its storage is deleted when it is empty and all that was sent is answered: it begins at seq 1 of another incarnation. */
function wipe({senders, world, broker}: Simulation, host: ObjectHost): () => void {
  senders.isHeld = true;
  let isOver = false;
  const look = (): void => {
    if (isOver) return;
    const isAnswered = senders.unanswered === 0 && senders.underWay === 0;
    const isQuiet = isAnswered && host.isIdle && broker.isSettled;
    if (isQuiet && host.isEmpty) {
      host.wipe();
      senders.isHeld = false;
    } else world.scheduler.after(WIPE_POLL_MS, null, look);
  };
  look();
  return () => {
    isOver = true;
    senders.isHeld = false;
  };
}
