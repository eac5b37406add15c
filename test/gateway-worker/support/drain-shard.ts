import {fromUtf8} from '../../../src/lib/bytes.ts';
import {decodeBatchFrame, Welcome} from '../../../src/protocol/drain.ts';
import {decodeRecords} from '../../../src/record/codec.ts';
import type {ShardStub} from './shard-records.ts';

const DEADLINE_MS = 10_000;

/** Everything a shard's log holds, as a drain gets it; `isTrimmed`: and Kafka has it. */
export async function drainShard(
  shard: ShardStub,
  {isTrimmed}: {readonly isTrimmed: boolean},
): Promise<readonly (readonly [seq: number, value: string])[]> {
  const {webSocket} = await shard.fetch('https://shard.test/', {headers: {upgrade: 'websocket'}});
  const socket = webSocket!;
  socket.binaryType = 'arraybuffer';
  const records: (readonly [number, string])[] = [];
  const {promise, resolve, reject} = Promise.withResolvers<Welcome>();
  const timer = setTimeout(() => reject(new Error('the shard did not send all')), DEADLINE_MS);
  let welcome: Welcome | null = null;
  socket.addEventListener('message', ({data}) => {
    if (typeof data === 'string') {
      welcome = Welcome.parse(JSON.parse(data));
      const {incarnation, firstSeq} = welcome;
      const read = {type: 'read', version: 1, incarnation, afterSeq: firstSeq - 1};
      socket.send(JSON.stringify({...read, creditBytes: 30_000_000}));
    } else {
      const {firstSeq, bytes} = decodeBatchFrame(new Uint8Array(data as ArrayBuffer));
      decodeRecords(bytes).forEach(({value}, index) =>
        records.push([firstSeq + index, fromUtf8(value!)]),
      );
    }
    if (welcome !== null && (records.at(-1)?.[0] ?? welcome.firstSeq - 1) >= welcome.nextSeq - 1)
      resolve(welcome);
  });
  socket.addEventListener('close', () => reject(new Error('the shard closed the connection')));
  socket.accept();
  try {
    const {incarnation} = await promise;
    const lastSeq = records.at(-1)?.[0];
    if (isTrimmed && lastSeq !== undefined) {
      socket.send(JSON.stringify({type: 'trim', incarnation, seq: lastSeq}));
      const endMs = Date.now() + DEADLINE_MS;
      while ((await shard.status()).firstSeq <= lastSeq)
        if (Date.now() > endMs) throw new Error('the shard did not trim');
    }
  } finally {
    clearTimeout(timer);
    socket.close();
  }
  return records;
}
