/**
 * A Kafka cluster as its transaction protocol looks from outside (KIP-98, KIP-360, KIP-890): epochs, open transactions,
 * markers that are written one partition after another, time-outs. Requests are handled when they arrive, which may be
 * long after their sender has given up, and a frame counts if its epoch does: that is the danger the port's rule "never
 * again after unknown" is for, and here nothing else protects from it.
 */
import type {OutgoingRecord} from '../../../src/kafka/ports.ts';
import type {World} from '../engine/world.ts';
import {SimLog} from './sim-log.ts';

/** A producer's claim, as it is in every frame. */
export interface Claim {
  readonly id: string;
  epoch: number;
}

export type Reply<T = null> =
  | {readonly kind: 'ok'; readonly value: T}
  | {readonly kind: 'fenced' | 'refused' | 'failed' | 'busy'};

interface Coordinator {
  epoch: number;
  state: 'empty' | 'ongoing' | 'preparing';
  readonly logs: Set<SimLog>;
  timeoutMs: number;
  /** Counts transactions, so that a time-out knows its own. */
  transaction: number;
}

export interface BrokerOptions {
  readonly world: World;
  /** `transaction.version`: with 2 every transaction ends with a new epoch. */
  readonly transactionVersion: 1 | 2;
}

const OK: Reply = {kind: 'ok', value: null};
/** When nothing slows them. */
export const MARKER_MS = 5;

export class SimBroker {
  readonly #options: BrokerOptions;
  readonly #logs = new Map<string, SimLog>();
  readonly #coordinators = new Map<string, Coordinator>();
  isAway = false;
  /** Of produce requests. */
  failureRate = 0;
  /** Markers take so long, at most. */
  markerMs = MARKER_MS;
  /** A record this broker does not take, whoever sends it. */
  isRefused: (record: OutgoingRecord) => boolean = () => false;

  constructor(options: BrokerOptions) {
    this.#options = options;
  }

  log(topic: string, partition: number): SimLog {
    const name = `${topic}/${partition}`;
    let log = this.#logs.get(name);
    if (log === undefined) this.#logs.set(name, (log = new SimLog(topic, partition)));
    return log;
  }

  get logs(): readonly SimLog[] {
    return [...this.#logs.values()];
  }

  get isSettled(): boolean {
    return [...this.#coordinators.values()].every(({state}) => state === 'empty');
  }

  initProducerId(id: string, timeoutMs: number): Reply<number> {
    const coordinator = this.#coordinatorOf(id);
    if (coordinator.state === 'preparing') return {kind: 'busy'};
    if (coordinator.state === 'ongoing') {
      coordinator.epoch += 1;
      this.#end(id, coordinator, false);
      return {kind: 'busy'};
    }
    coordinator.epoch += 1;
    coordinator.timeoutMs = timeoutMs;
    return {kind: 'ok', value: coordinator.epoch};
  }

  produce({id, epoch}: Claim, log: SimLog, records: readonly OutgoingRecord[]): Reply {
    const coordinator = this.#coordinatorOf(id);
    if (epoch !== coordinator.epoch) return {kind: 'fenced'};
    if (coordinator.state === 'preparing') return {kind: 'busy'};
    if (this.#options.world.chance(this.failureRate)) return {kind: 'failed'};
    if (records.some((record) => this.isRefused(record))) return {kind: 'refused'};
    if (coordinator.state === 'empty') this.#begin(id, coordinator);
    coordinator.logs.add(log);
    log.append(id, records);
    return OK;
  }

  /** Answers with the epoch to go on with. */
  endTransaction({id, epoch}: Claim, isCommit: boolean): Reply<number> {
    const coordinator = this.#coordinatorOf(id);
    if (epoch !== coordinator.epoch) return {kind: 'fenced'};
    if (coordinator.state === 'preparing') return {kind: 'busy'};
    if (this.#options.transactionVersion === 2) coordinator.epoch += 1;
    if (coordinator.state === 'ongoing') this.#end(id, coordinator, isCommit);
    return {kind: 'ok', value: coordinator.epoch};
  }

  #begin(id: string, coordinator: Coordinator): void {
    coordinator.state = 'ongoing';
    const transaction = ++coordinator.transaction;
    this.#options.world.scheduler.after(coordinator.timeoutMs, null, () => {
      if (coordinator.transaction !== transaction || coordinator.state !== 'ongoing') return;
      coordinator.epoch += 1;
      this.#end(id, coordinator, false);
    });
  }

  /** Decided now; seen partition by partition. */
  #end(id: string, coordinator: Coordinator, isCommit: boolean): void {
    const {world} = this.#options;
    coordinator.state = 'preparing';
    const logs = [...coordinator.logs];
    coordinator.logs.clear();
    let left = logs.length;
    const done = () => {
      if (left === 0) coordinator.state = 'empty';
    };
    for (const log of logs)
      world.scheduler.after(world.between(0, this.markerMs), null, () => {
        log.mark(id, isCommit);
        left -= 1;
        done();
      });
    done();
  }

  #coordinatorOf(id: string): Coordinator {
    let coordinator = this.#coordinators.get(id);
    if (coordinator === undefined) {
      coordinator = {epoch: 0, state: 'empty', logs: new Set(), timeoutMs: 60_000, transaction: 0};
      this.#coordinators.set(id, coordinator);
    }
    return coordinator;
  }
}
