/** All of Forebay's cores in one process, from the door to the results, under one schedule. */
import {rmSync} from 'node:fs';
import {join} from 'node:path';
import {Checkpoint} from '../../stream-processor/state/checkpoint.ts';
import {turnOfEventLoop, enterWorld} from './engine/virtual-globals.ts';
import {World} from './engine/world.ts';
import {FAULTS} from './faults.ts';
import {finalScan} from './final-scan.ts';
import type {GatewayParts} from './gateway/load-shard.ts';
import {ObjectHost} from './gateway/object-host.ts';
import {listen} from './gateway/sim-socket.ts';
import {SimBroker} from './kafka/sim-broker.ts';
import {SimWire} from './kafka/sim-wire.ts';
import {startDrain, SimProcessor} from './programs.ts';
import {Replicas, type Running} from './replicas.ts';
import type {Schedule, SimFault} from './schedule.ts';
import {Senders} from './senders.ts';
import {names, pipeline, readings, runEntry, SHARDS} from './sim-pipeline.ts';

/** Virtual; the longest wait of a task is a minute. */
const SETTLE_MS = 600_000;
/** Longer than the longest delay of anything on its way. */
const QUIET_MS = 100;
/** Longer than a program takes to stop. */
const SECOND_HEAL_MS = 5_000;

export interface SimulationOptions {
  readonly schedule: Schedule;
  readonly gateway: GatewayParts;
  /** For checkpoints: on a disk that is memory. */
  readonly folder: string;
}

export class Simulation {
  readonly world: World;
  readonly hosts: readonly ObjectHost[];
  readonly broker: SimBroker;
  readonly wire: SimWire;
  readonly senders: Senders;
  readonly drains: Replicas<Running>;
  readonly processors: Replicas<SimProcessor>;
  readonly folder: string;
  readonly #schedule: Schedule;
  readonly #stops = new Set<() => void>();

  constructor({schedule, gateway, folder}: SimulationOptions) {
    const {seed, transactionVersion} = schedule;
    this.#schedule = schedule;
    this.folder = join(folder, String(seed));
    const world = new World(seed, turnOfEventLoop);
    this.world = world;
    enterWorld(world);
    this.broker = new SimBroker({world, transactionVersion});
    this.wire = new SimWire(world, this.broker);
    this.hosts = SHARDS.map(
      ({name}) => new ObjectHost({world, shard: name, object: gateway.object, pipeline}),
    );
    listen((url) => this.#hostAt(url));
    this.senders = new Senders({...schedule, ...gateway, world, hosts: this.hosts});
    this.broker.isRefused = ({topic, headers}) =>
      topic === names.data(readings.name) &&
      headers.some(
        ([name, value]) =>
          name === 'ce_id' && this.senders.refusedIds.has(String(Buffer.from(value))),
      );
    this.drains = new Replicas({
      world,
      program: 'drain',
      start: (process) => startDrain(this, process),
    });
    this.processors = new Replicas({
      world,
      program: 'processor',
      start: (process, replica) => new SimProcessor(this, process, replica),
    });
    closeWithProcess(world);
  }

  /** The history is `world.history`. */
  async run(): Promise<void> {
    const {world, drains, processors} = this;
    world.tell(runEntry(this.#schedule.seed));
    drains.start(drains.main);
    processors.start(processors.main);
    this.senders.start();
    this.#schedule.faults.forEach((fault, number) => this.#plan(fault, number));
    const healMs = this.#schedule.faultTimeMs;
    world.scheduler.after(healMs, null, () => this.#heal());
    try {
      const isDone = await this.#settle(healMs);
      if (!isDone) world.tell({type: 'note', text: `progress: ${this.#whatIsLeft()}`});
      // A power cut at the end: what was said to be durable is.
      for (const host of this.hosts) host.crash();
      finalScan(this);
    } finally {
      this.#close();
    }
  }

  #plan(fault: SimFault, number: number): void {
    const {scheduler} = this.world;
    const {kind, target, atMs, durationMs} = fault;
    scheduler.after(atMs, null, () => {
      this.world.tell({type: 'fault', op: 'start', fault: number, kind, target: String(target)});
      const undo = FAULTS[kind](this, fault);
      const stop = (): void => {
        if (!this.#stops.delete(stop)) return;
        undo();
        this.world.tell({type: 'fault', op: 'stop', fault: number, kind, target: String(target)});
      };
      this.#stops.add(stop);
      scheduler.after(durationMs, null, stop);
    });
  }

  #heal(): void {
    for (const stop of this.#stops) stop();
    // What was to go wrong next goes right.
    this.wire.held.length = 0;
    for (const host of this.hosts) {
      host.copiesOfNextFrame = 1;
      host.storage.failTransactions = 0;
      host.storage.failSyncs = 0;
    }
    this.drains.heal();
    this.processors.heal();
    // Whatever a late fault has stopped is started once more when its stop has taken effect.
    this.world.scheduler.after(SECOND_HEAL_MS, null, () => {
      this.drains.heal();
      this.processors.heal();
    });
  }

  /** Looks every so often whether all is done, so that looking costs little. */
  async #settle(healMs: number): Promise<boolean> {
    const {scheduler} = this.world;
    let isDone = false;
    const look = (): void => {
      isDone = this.#whatIsLeft() === null;
      if (!isDone) scheduler.after(QUIET_MS, null, look);
    };
    scheduler.after(healMs + 2 * QUIET_MS, null, look);
    return scheduler.run(() => isDone, healMs + SETTLE_MS);
  }

  #whatIsLeft(): string | null {
    if (!this.senders.isDone) return 'senders have unanswered events';
    if (this.senders.underWay > 0) return 'requests are under way';
    for (const host of this.hosts)
      if (!host.isIdle || !host.isEmpty) return `${host.shard} holds records`;
    if (!this.broker.isSettled) return 'transactions are open';
    const ends = SHARDS.map(
      ({partition}) => this.broker.log(names.data(readings.name), partition).stableEnd,
    );
    return this.processors.running?.isAt(ends) === true ? null : 'the processor is behind';
  }

  #hostAt(url: string): ObjectHost {
    const path = new URL(url).pathname.split('/').slice(-2).join('/');
    const host = this.hosts.find(({shard}) => shard === path);
    if (host === undefined) throw new Error(`no shard at ${url}`);
    return host;
  }

  #close(): void {
    const {scheduler} = this.world;
    for (const replicas of [this.drains, this.processors])
      for (const replica of [0, 1]) replicas.kill(replica);
    for (const host of this.hosts) host.storage.close();
    scheduler.nowMs = Number.POSITIVE_INFINITY;
    rmSync(this.folder, {recursive: true, force: true});
  }
}

const open = Checkpoint.open.bind(Checkpoint);

/** What a process that dies leaves of its checkpoint is what it saved. */
function closeWithProcess({scheduler}: World): void {
  Checkpoint.open = (path) => {
    const checkpoint = open(path);
    scheduler.current?.onDeath.push(() => checkpoint.close());
    return checkpoint;
  };
}
