/** Requests to the broker and their answers: late, lost or held back, each on its own. */
import type {SimProcess} from '../engine/scheduler.ts';
import type {World} from '../engine/world.ts';
import type {SimBroker} from './sim-broker.ts';

export type Api = 'init' | 'produce' | 'end' | 'fetch' | 'offsets';

/** `null`: no answer in time. What was asked may have been done, or may be done yet. */
export type Answer<T> = {readonly value: T} | null;

export interface Ask<T> {
  readonly api: Api;
  readonly timeoutMs: number;
  /** At the broker. It answers by `reply`, now or later. */
  readonly handle: (reply: (value: T) => void) => void;
}

export class SimWire {
  readonly broker: SimBroker;
  readonly world: World;
  /** Of all producers, so far. */
  transactions = 0;
  lostRequests = 0;
  lostAnswers = 0;
  /** The next frames of these APIs arrive so much later. */
  readonly held: {api: Api; ms: number}[] = [];

  constructor(world: World, broker: SimBroker) {
    this.world = world;
    this.broker = broker;
  }

  ask<T>(client: SimProcess, {api, timeoutMs, handle}: Ask<T>): Promise<Answer<T>> {
    const {world} = this;
    const {scheduler} = world;
    return new Promise((resolve) => {
      const timer = scheduler.after(timeoutMs, client, () => resolve(null));
      if (world.chance(this.lostRequests)) return;
      const isAnswerLost = world.chance(this.lostAnswers);
      scheduler.after(world.latencyMs() + this.#holdMs(api), null, () => {
        if (this.broker.isAway) return;
        handle((value) => {
          if (isAnswerLost) return;
          scheduler.after(world.latencyMs(), client, () => {
            timer.isCancelled = true;
            resolve({value});
          });
        });
      });
    });
  }

  #holdMs(api: Api): number {
    const at = this.held.findIndex((hold) => hold.api === api);
    return at < 0 ? 0 : this.held.splice(at, 1)[0]!.ms;
  }
}
