/**
 * The gateway's end of the drain protocol, in memory: a model that can break the protocol on purpose, which the real one
 * never does. It keeps everything it was ever given, so that a test can compare Kafka with it.
 */
import {randomUUID} from 'node:crypto';
import {
  CLOSE_ROLLED_BACK,
  CLOSE_SUPERSEDED,
  DRAIN_PROTOCOL_VERSION,
  DrainMessage,
  encodeBatchFrame,
} from '../../src/protocol/drain.ts';
import {encodeBatch, type RecordToEncode} from '../../src/record/codec.ts';
import {
  startWebSocketServer,
  type ServerSocket,
  type WebSocketServer,
} from './web-socket-server.ts';

/** What a shard does wrong with its next frames, once. */
export type ShardFault = 'hole' | 'count' | 'cut' | 'repeat';

interface Row {
  readonly firstSeq: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

export class ModelShard {
  readonly name: string;
  incarnation = randomUUID();
  version = DRAIN_PROTOCOL_VERSION;
  firstSeq = 1;
  nextSeq = 1;
  /** In the order they will go wrong. */
  faults: ShardFault[] = [];
  connections = 0;
  readAfter: number[] = [];
  #rows: Row[] = [];
  #socket: ServerSocket | null = null;
  #sentSeq = 0;
  #creditBytes = 0;

  constructor(name: string) {
    this.name = name;
  }

  get isConnected(): boolean {
    return this.#socket !== null;
  }

  append(records: readonly RecordToEncode[], receivedMs = Date.now()): void {
    const bytes = encodeBatch({receivedMs, headers: []}, records);
    this.#rows.push({firstSeq: this.nextSeq, count: records.length, bytes});
    this.nextSeq += records.length;
    this.#push();
  }

  /** Everything is gone, as after a wiped storage: seqs start at 1 again. */
  reset(): void {
    this.incarnation = randomUUID();
    this.#rows = [];
    this.firstSeq = this.nextSeq = 1;
    this.#socket?.destroy();
  }

  /** The storage went back in time under the same incarnation. */
  rollBackTo(nextSeq: number): void {
    this.#rows = this.#rows.filter((row) => row.firstSeq + row.count <= nextSeq);
    this.nextSeq = nextSeq;
    this.firstSeq = Math.min(this.firstSeq, nextSeq);
    this.#socket?.destroy();
  }

  /** As if an earlier drain had trimmed. */
  trimTo(seq: number): void {
    this.#rows = this.#rows.filter((row) => row.firstSeq + row.count - 1 > seq);
    this.firstSeq = Math.max(this.firstSeq, seq + 1);
  }

  cut(): void {
    this.#socket?.destroy();
  }

  accept(socket: ServerSocket): void {
    this.#socket?.close(CLOSE_SUPERSEDED, 'a newer connection took over');
    this.#socket = socket;
    this.#creditBytes = 0;
    this.connections += 1;
    socket.onClose = () => {
      if (this.#socket === socket) this.#socket = null;
    };
    socket.onText = (text) => {
      if (this.#socket === socket) this.#receive(socket, DrainMessage.parse(JSON.parse(text)));
    };
    const {name: shard, version, incarnation, firstSeq, nextSeq} = this;
    socket.sendText(
      JSON.stringify({type: 'welcome', version, shard, incarnation, firstSeq, nextSeq}),
    );
  }

  #receive(socket: ServerSocket, message: DrainMessage): void {
    switch (message.type) {
      case 'read':
        this.readAfter.push(message.afterSeq);
        if (message.afterSeq >= this.nextSeq) return socket.close(CLOSE_ROLLED_BACK, 'rolled back');
        this.#sentSeq = message.afterSeq;
        this.#creditBytes = message.creditBytes;
        return this.#push();
      case 'credit':
        this.#creditBytes += message.bytes;
        return this.#push();
      case 'trim':
        if (message.incarnation === this.incarnation) this.trimTo(message.seq);
    }
  }

  #push(): void {
    while (this.#socket !== null && this.#creditBytes > 0) {
      const row = this.#rows.find(({firstSeq, count}) => firstSeq + count - 1 > this.#sentSeq);
      if (row === undefined) return;
      const sent = this.#send(this.#socket, row);
      this.#creditBytes -= sent;
      this.#sentSeq = row.firstSeq + row.count - 1;
    }
  }

  #send(socket: ServerSocket, row: Row): number {
    const fault = this.faults.shift();
    const frame = encodeBatchFrame({
      ...row,
      firstSeq: fault === 'hole' ? row.firstSeq + 1 : row.firstSeq,
      count: fault === 'count' ? row.count + 1 : row.count,
    });
    if (fault === 'cut') {
      this.#socket = null;
      socket.cutInside(frame, Math.floor(frame.byteLength / 2));
      return frame.byteLength;
    }
    socket.sendBinary(frame);
    if (fault === 'repeat') socket.sendBinary(frame);
    return frame.byteLength;
  }
}

export class ModelGateway {
  readonly key = 'fb_test_model_secret';
  readonly #shards = new Map<string, ModelShard>();
  #server: WebSocketServer | null = null;

  static async start(port = 0): Promise<ModelGateway> {
    const gateway = new ModelGateway();
    await gateway.#listen(port);
    return gateway;
  }

  get url(): string {
    return this.#server?.url ?? '';
  }

  shard(name: string): ModelShard {
    const known = this.#shards.get(name);
    if (known !== undefined) return known;
    const shard = new ModelShard(name);
    this.#shards.set(name, shard);
    return shard;
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }

  async #listen(port: number): Promise<void> {
    this.#server = await startWebSocketServer(
      {
        onConnect: (request) => {
          if (request.headers.authorization !== `Bearer ${this.key}`) return 401;
          const name = /^\/drain\/v1\/shards\/(.+\/\d+)$/.exec(request.url ?? '')?.[1];
          if (name === undefined) return 404;
          return (socket) => this.shard(name).accept(socket);
        },
      },
      port,
    );
  }
}
