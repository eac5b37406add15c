/**
 * Devices at the gateway's door. A key has one event under way at a time, and what is not answered is sent again under
 * the same id, until it is: so it is known what must be in Kafka, and in which order.
 */
import {createHash} from 'node:crypto';
import {utf8} from '../../src/lib/bytes.ts';
import {partitionOf} from '../../src/record/shard.ts';
import type {SentEvent} from '../chaos/history/entry.ts';
import {EPOCH_MS} from './engine/virtual-globals.ts';
import type {World} from './engine/world.ts';
import type {EncodeBatches} from './gateway/load-shard.ts';
import type {ObjectHost} from './gateway/object-host.ts';
import {readings, type Reading} from './sim-pipeline.ts';

const ANSWER_TIMEOUT_MS = 3_000;
/** Between two tries. */
const RETRY_MS = 400;
const EVENTS_A_REQUEST = 3;
const START_MAX_MS = 500;
/** Event times are this far behind now at most; of some, too far for any window. */
const DISORDER_MAX_MS = 4_000;
const LATE_MAX_MS = 15_000;
const LATE_SHARE = 0.05;
const AMOUNTS = 100;
/** As many as a shard remembers of an id's hash. */
const ID_HASH_BYTES = 16;

export interface SendersOptions {
  readonly world: World;
  readonly hosts: readonly ObjectHost[];
  readonly encodeBatches: EncodeBatches;
  readonly senders: number;
  readonly keysPerSender: number;
  readonly events: number;
  readonly faultTimeMs: number;
  readonly refusedPart: number;
}

interface Pending {
  readonly event: SentEvent;
  readonly value: Reading;
}

type Outcome = {
  readonly id: string;
  readonly outcome: 'accepted' | 'duplicate' | 'retry';
  readonly shard?: string;
  readonly seq?: number;
};

/** What the gateway makes of a request; `null` when it cannot say. */
type GatewayAnswer = readonly Outcome[] | null;

export class Senders {
  lostRequests = 0;
  lostAnswers = 0;
  repeats = 0;
  /** While set nobody begins anything new; what is not answered is still sent again. */
  isHeld = false;
  /** Events that are sent and not answered. */
  unanswered = 0;
  /** Requests on their way or being worked on, repeated ones included. */
  underWay = 0;
  readonly refusedIds = new Set<string>();
  readonly #options: SendersOptions;
  #left: number;
  #busy: number;
  #requests = 0;
  #events = 0;

  constructor(options: SendersOptions) {
    this.#options = options;
    this.#left = options.events;
    this.#busy = options.senders;
  }

  start(): void {
    const {senders, keysPerSender, world} = this.#options;
    for (let sender = 0; sender < senders; sender++) {
      const keys = Array.from({length: keysPerSender}, (_, key) => `k${sender}-${key}`);
      const counts = new Map(keys.map((key) => [key, 0]));
      world.scheduler.after(world.between(0, START_MAX_MS), null, () => void this.#send(counts));
    }
  }

  get isDone(): boolean {
    return this.#busy === 0;
  }

  async #send(counts: Map<string, number>): Promise<void> {
    const {world, events, faultTimeMs, senders} = this.#options;
    const pauseMs = ((faultTimeMs * senders) / events) * 2;
    let pending: readonly Pending[] = [];
    while (this.#left > 0 || pending.length > 0) {
      const isAgain = pending.length > 0;
      if (this.isHeld && !isAgain) {
        await this.#pause(RETRY_MS);
        continue;
      }
      const sent = this.isHeld ? pending : this.#fill(pending, counts);
      this.unanswered += sent.length - pending.length;
      pending = await this.#request(sent);
      this.unanswered -= sent.length - pending.length;
      await this.#pause(isAgain ? RETRY_MS : world.between(0, pauseMs));
    }
    this.#busy -= 1;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#options.world.scheduler.after(ms, null, resolve));
  }

  /** New events for keys that have none under way. */
  #fill(pending: readonly Pending[], counts: Map<string, number>): Pending[] {
    const {world} = this.#options;
    const all = [...pending];
    const free = [...counts.keys()].filter((key) => all.every(({event}) => event.key !== key));
    const count = Math.min(Math.ceil(world.random() * EVENTS_A_REQUEST), this.#left, free.length);
    for (let each = 0; each < count && all.length < EVENTS_A_REQUEST; each++) {
      const key = free.splice(Math.floor(world.random() * free.length), 1)[0]!;
      const n = counts.get(key)!;
      counts.set(key, n + 1);
      this.#left -= 1;
      all.push(this.#newEvent(key, n));
    }
    return all;
  }

  #newEvent(key: string, n: number): Pending {
    const {world, refusedPart} = this.#options;
    const id = `e${this.#events++}`;
    if (world.chance(refusedPart)) this.refusedIds.add(id);
    const behindMs = world.chance(LATE_SHARE) ? LATE_MAX_MS : DISORDER_MAX_MS;
    const time = Math.floor(EPOCH_MS + world.scheduler.nowMs - world.random() * behindMs);
    const amount = Math.floor(world.random() * AMOUNTS);
    const event = {id, topic: readings.name, key, n, isValid: true};
    return {event, value: {id, key, n, time, amount}};
  }

  /** @returns what has to be sent again */
  async #request(pending: readonly Pending[]): Promise<readonly Pending[]> {
    const {world} = this.#options;
    const request = this.#requests++;
    world.tell({type: 'send', request, op: 'invoke', events: pending.map(({event}) => event)});
    const answer = await this.#ask(pending);
    if (answer === 'silence' || answer === null) {
      const error = answer === null ? '503' : 'no answer';
      world.tell({type: 'send', request, op: 'unknown', error});
      return pending;
    }
    const isNothing = answer.every(({outcome}) => outcome === 'retry');
    if (isNothing) world.tell({type: 'send', request, op: 'fail', status: 503});
    else world.tell({type: 'send', request, op: 'ok', status: 202, outcomes: answer});
    const retry = new Set(answer.flatMap(({id, outcome}) => (outcome === 'retry' ? [id] : [])));
    return pending.filter(({event}) => retry.has(event.id));
  }

  #ask(pending: readonly Pending[]): Promise<GatewayAnswer | 'silence'> {
    const {world} = this.#options;
    const {scheduler} = world;
    return new Promise((resolve) => {
      const timer = scheduler.after(ANSWER_TIMEOUT_MS, null, () => resolve('silence'));
      const isAnswerLost = world.chance(this.lostAnswers);
      const deliver = (delayMs: number): void => {
        this.underWay += 1;
        scheduler.after(delayMs, null, () => {
          void this.#atGateway(pending).then((answer) => {
            this.underWay -= 1;
            if (isAnswerLost) return;
            scheduler.after(world.latencyMs(), null, () => {
              timer.isCancelled = true;
              resolve(answer);
            });
          });
        });
      };
      if (world.chance(this.repeats)) deliver(world.between(0, 2 * ANSWER_TIMEOUT_MS));
      if (!world.chance(this.lostRequests)) deliver(world.latencyMs());
    });
  }

  /** The Worker: events to their shards, and one answer of all of theirs. */
  async #atGateway(pending: readonly Pending[]): Promise<GatewayAnswer> {
    const {hosts} = this.#options;
    const parts = Map.groupBy(pending, ({event}) => partitionOf(utf8(event.key), hosts.length));
    try {
      const outcomes = await Promise.all(
        Array.from(parts, ([partition, own]) => this.#append(hosts[partition]!, own)),
      );
      return outcomes.flat();
    } catch {
      return null;
    }
  }

  async #append(host: ObjectHost, pending: readonly Pending[]): Promise<readonly Outcome[]> {
    const {encodeBatches} = this.#options;
    const batches = encodeBatches(
      {receivedMs: Date.now() + host.clockOffsetMs, headers: []},
      pending.map(({event, value}) => ({
        idHash: createHash('sha256').update(event.id).digest().subarray(0, ID_HASH_BYTES),
        record: {
          key: utf8(event.key),
          value: utf8(JSON.stringify(value)),
          headers: [['ce_id', event.id]],
        },
      })),
    );
    const result = await host.append({batches});
    const ids = pending.map(({event}) => event.id);
    if (result.kind !== 'stored') return ids.map((id) => ({id, outcome: 'retry'}));
    const duplicates = new Map(result.duplicates.map(({index, seq}) => [index, seq]));
    let next = result.firstSeq;
    return ids.map((id, index) => {
      const seq = duplicates.get(index);
      return seq === undefined
        ? {id, outcome: 'accepted', shard: host.shard, seq: next++}
        : {id, outcome: 'duplicate', shard: host.shard, seq};
    });
  }
}
