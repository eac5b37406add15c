import {KAFKA_APIS} from '../chaos/faults/proxy/kafka-apis.ts';
import type {Proxy, Rule} from '../chaos/faults/proxy/proxy.ts';
import {startProxy} from '../chaos/faults/proxy/start-proxy.ts';
import type {TransactionBus} from '../chaos/faults/proxy/transaction-bus.ts';

/** The requests that tests interfere with. */
export const API = {
  produce: 'Produce',
  fetch: 'Fetch',
  initProducerId: 'InitProducerId',
  addPartitionsToTxn: 'AddPartitionsToTxn',
  endTxn: 'EndTxn',
  joinGroup: 'JoinGroup',
  heartbeat: 'Heartbeat',
} as const satisfies Record<string, keyof typeof KAFKA_APIS>;

type Api = (typeof API)[keyof typeof API];

export const HOLD_MS = 4_000;
/** A held request comes by then, also without a next transaction. */
const MAX_HOLD_MS = 20_000;

/**
 * - `dropRequest`: the connection is cut before the broker sees the request.
 * - `dropAnswer`: the broker acts on the request; the connection is cut before the client sees the answer.
 * - `hang`: the answer never comes, nor any after it, and the connection stays open.
 * - `holdAnswer`: the answer comes `HOLD_MS` late.
 * - `holdIntoNextTransaction`: the connection is cut, and the request arrives inside its producer's next transaction.
 */
export type FaultAction =
  | 'dropRequest'
  | 'dropAnswer'
  | 'hang'
  | 'holdAnswer'
  | 'holdIntoNextTransaction';

const RULES: Readonly<Record<FaultAction, Pick<Rule, 'direction' | 'action'>>> = {
  dropRequest: {direction: 'request', action: {kind: 'drop'}},
  dropAnswer: {direction: 'answer', action: {kind: 'drop'}},
  hang: {direction: 'answer', action: {kind: 'hang'}},
  holdAnswer: {direction: 'answer', action: {kind: 'hold', ms: HOLD_MS}},
  holdIntoNextTransaction: {
    direction: 'request',
    action: {kind: 'holdIntoNextTransaction', maxMs: MAX_HOLD_MS},
  },
};

/** A proxy before a broker in the words of Kafka's tests. Clients come here if the broker advertises this port. */
export class KafkaProxy {
  readonly #proxy: Proxy;
  /** What was done, in order. */
  readonly applied: FaultAction[] = [];

  private constructor(proxy: Proxy) {
    this.#proxy = proxy;
  }

  /** `bus`: one for all proxies of a cluster, so that a transaction is seen wherever its partitions lie. */
  static async start(options: {
    port: number;
    targetPort: number;
    bus?: TransactionBus;
  }): Promise<KafkaProxy> {
    const {port: listenPort, targetPort, bus} = options;
    const shared = bus === undefined ? {} : {bus};
    return new KafkaProxy(await startProxy({listenPort, targetPort, protocol: 'kafka', ...shared}));
  }

  get brokers(): string {
    return `127.0.0.1:${this.#proxy.port}`;
  }

  /** How many requests of this kind have come by. */
  seen(api: Api): number {
    return this.#proxy.seen(api, 'request');
  }

  /** Does `action` to the next `times` requests of this kind; what it gives back stops that. */
  inject(api: Api, action: FaultAction, times = 1): () => void {
    return this.#proxy.addRule({
      ...RULES[action],
      name: api,
      skip: 0,
      times,
      onHit: () => this.applied.push(action),
    });
  }

  async close(): Promise<void> {
    await this.#proxy.close();
  }
}
