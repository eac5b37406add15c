import {decodeBatchFrame, DRAIN_PROTOCOL_VERSION, Welcome} from '../../src/protocol/drain.ts';
import type {DrainMessage} from '../../src/protocol/drain.ts';

/** As often as a drain that commits without pause trims, about. */
const TRIM_EVERY_MS = 50;
const CREDIT_BYTES = 30_000_000;

export interface TrimAllOptions {
  /** Of the gateway. */
  readonly url: string;
  readonly shard: string;
  /** With the scope `drain`. */
  readonly key: string;
}

export interface Trimmer {
  /** The last seq that was read. */
  readonly readSeq: number;
  stop(): void;
}

/** Takes what a shard has and says that Kafka has it. Resolves when it is connected. */
export async function trimAll({url, shard, key}: TrimAllOptions): Promise<Trimmer> {
  const headers = {authorization: `Bearer ${key}`};
  const address = `${url.replace(/^http/, 'ws')}/drain/v1/shards/${shard}`;
  const socket = new WebSocket(address, {headers});
  socket.binaryType = 'arraybuffer';
  const {promise, resolve, reject} = Promise.withResolvers<string>();
  let readSeq = 0;
  let trimmedSeq = 0;
  const say = (message: DrainMessage) => socket.send(JSON.stringify(message));
  socket.addEventListener('error', () => reject(new Error(`no connection to ${shard}`)));
  socket.addEventListener('message', ({data}) => {
    if (typeof data === 'string') {
      const {incarnation, firstSeq} = Welcome.parse(JSON.parse(data));
      readSeq = firstSeq - 1;
      trimmedSeq = readSeq;
      const version = DRAIN_PROTOCOL_VERSION;
      say({type: 'read', version, incarnation, afterSeq: readSeq, creditBytes: CREDIT_BYTES});
      resolve(incarnation);
      return;
    }
    const {firstSeq, count} = decodeBatchFrame(new Uint8Array(data as ArrayBuffer));
    readSeq = firstSeq + count - 1;
    say({type: 'credit', bytes: (data as ArrayBuffer).byteLength});
  });
  const incarnation = await promise;
  const timer = setInterval(() => {
    if (readSeq === trimmedSeq) return;
    trimmedSeq = readSeq;
    say({type: 'trim', incarnation, seq: trimmedSeq});
  }, TRIM_EVERY_MS);
  return {
    get readSeq() {
      return readSeq;
    },
    stop() {
      clearInterval(timer);
      socket.close();
    },
  };
}
