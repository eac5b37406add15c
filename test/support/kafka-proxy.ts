import {connect, createServer, type AddressInfo, type Socket} from 'node:net';

/** Kafka's numbers of the requests that tests interfere with. */
export const API = {
  produce: 0,
  fetch: 1,
  initProducerId: 22,
  addPartitionsToTxn: 24,
  endTxn: 26,
} as const;

/**
 * - `dropRequest`: the connection is cut before the broker sees the request.
 * - `dropAnswer`: the broker acts on the request; the connection is cut before the client sees the answer.
 * - `hang`: the answer never comes, and the connection stays open.
 * - `holdAnswer`: the answer comes `HOLD_MS` late.
 */
export type FaultAction = 'dropRequest' | 'dropAnswer' | 'hang' | 'holdAnswer';

export const HOLD_MS = 4_000;

interface Fault {
  readonly apiKey: number;
  readonly action: FaultAction;
  times: number;
}

/**
 * A TCP proxy that knows where a Kafka request starts and ends (protocol guide: INT32 size, INT16 api key,
 * INT16 version, INT32 correlation id), so that one request or one answer can be lost and nothing else.
 * Clients come here if the broker advertises this port.
 */
export class KafkaProxy {
  readonly #server = createServer((client) => this.#accept(client));
  readonly #sockets = new Set<Socket>();
  readonly #faults: Fault[] = [];
  readonly #targetPort: number;
  readonly #seen = new Map<number, number>();
  /** What was done, in order. */
  readonly applied: FaultAction[] = [];

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
  }

  static async start(options: {port: number; targetPort: number}): Promise<KafkaProxy> {
    const proxy = new KafkaProxy(options.targetPort);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(options.port, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get brokers(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many requests of this kind have come by. */
  seen(apiKey: number): number {
    return this.#seen.get(apiKey) ?? 0;
  }

  /** Does `action` to the next `times` requests of this kind. */
  inject(apiKey: number, action: FaultAction, times = 1): void {
    this.#faults.push({apiKey, action, times});
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #accept(client: Socket): void {
    const broker = connect({host: '127.0.0.1', port: this.#targetPort});
    const lost = new Map<number, Fault>();
    const cut = (): void => {
      client.destroy();
      broker.destroy();
    };
    for (const socket of [client, broker]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', cut);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        cut();
      });
    }
    onFrames(client, (frame) => {
      const apiKey = frame.readInt16BE(4);
      this.#seen.set(apiKey, this.seen(apiKey) + 1);
      const fault = this.#faultFor(apiKey);
      if (fault?.action === 'dropRequest') {
        cut();
        return;
      }
      if (fault !== undefined) lost.set(frame.readInt32BE(8), fault);
      broker.write(frame);
    });
    onFrames(broker, (frame) => {
      const fault = lost.get(frame.readInt32BE(4));
      if (fault === undefined) client.write(frame);
      else if (fault.action === 'dropAnswer') cut();
      else if (fault.action === 'holdAnswer') setTimeout(() => client.write(frame), HOLD_MS);
    });
  }

  #faultFor(apiKey: number): Fault | undefined {
    const fault = this.#faults.find(
      (candidate) => candidate.apiKey === apiKey && candidate.times > 0,
    );
    if (fault === undefined) return undefined;
    fault.times--;
    this.applied.push(fault.action);
    return fault;
  }
}

/** Calls `onFrame` with every whole frame, its size included. */
function onFrames(socket: Socket, onFrame: (frame: Buffer) => void): void {
  let held: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    while (held.length >= 4 && held.length >= 4 + held.readInt32BE(0)) {
      const end = 4 + held.readInt32BE(0);
      onFrame(held.subarray(0, end));
      held = held.subarray(end);
    }
  });
}
