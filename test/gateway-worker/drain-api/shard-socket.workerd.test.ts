/** The shard's end of the drain protocol, over real WebSockets of a real Durable Object. */
import {evictDurableObject} from 'cloudflare:test';
import {describe, expect, test} from 'vitest';
import {
  CLOSE_BAD_MESSAGE,
  CLOSE_ROLLED_BACK,
  CLOSE_SUPERSEDED,
  decodeBatchFrame,
  Welcome,
} from '../../../src/protocol/drain.ts';
import {fromUtf8} from '../../../src/lib/bytes.ts';
import {decodeRecords} from '../../../src/record/codec.ts';
import {append, appendStored, freshShard, logOf, values} from '../support/shard-records.ts';
import type {ShardStub} from '../support/shard-records.ts';

const DEADLINE_MS = 5_000;

/** A drain's connection, as far as a test needs one. */
class TestDrain {
  readonly records: (readonly [seq: number, value: string])[] = [];
  frames = 0;
  frameBytes = 0;
  closeCode: number | null = null;
  closeReason = '';
  welcome: Welcome | null = null;
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({data}) => this.#take(data as string | ArrayBuffer));
    socket.addEventListener('close', ({code, reason}) => {
      this.closeCode = code;
      this.closeReason = reason;
    });
    socket.accept();
  }

  static async connect(shard: ShardStub): Promise<TestDrain> {
    const response = await shard.fetch('https://shard.test/', {headers: {upgrade: 'websocket'}});
    expect(response.status).toBe(101);
    const drain = new TestDrain(response.webSocket!);
    await until(() => drain.welcome !== null);
    return drain;
  }

  send(message: object | string): void {
    this.#socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  read(afterSeq: number, creditBytes = 1_000_000): void {
    const {incarnation} = this.welcome!;
    this.send({type: 'read', version: 1, incarnation, afterSeq, creditBytes});
  }

  trim(seq: number, incarnation = this.welcome!.incarnation): void {
    this.send({type: 'trim', incarnation, seq});
  }

  #take(data: string | ArrayBuffer): void {
    if (typeof data === 'string') {
      this.welcome = Welcome.parse(JSON.parse(data));
      return;
    }
    this.frames += 1;
    this.frameBytes += data.byteLength;
    const {firstSeq, count, bytes} = decodeBatchFrame(new Uint8Array(data));
    const decoded = decodeRecords(bytes);
    expect(decoded).toHaveLength(count);
    decoded.forEach(({value}, index) => this.records.push([firstSeq + index, fromUtf8(value!)]));
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = Date.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (Date.now() > endMs) throw new Error('the condition was not met in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The shard has handled everything sent before: it answers in order, and a second connection's welcome comes after. */
async function records(shard: ShardStub): Promise<number> {
  return (await shard.status()).records;
}

describe('reading', () => {
  test('begins with a welcome that says what is there', async () => {
    const shard = freshShard();
    const {incarnation} = await appendStored(shard, ...values('a', 'b'));
    const {welcome} = await TestDrain.connect(shard);
    expect(welcome).toMatchObject({version: 1, incarnation, firstSeq: 1, nextSeq: 3});
    expect((await shard.status()).drainConnected).toBe(true);
  });

  test('brings what is there, then what comes, in order and without a gap', async () => {
    const shard = freshShard();
    await appendStored(shard, ...values('a', 'b'));
    const drain = await TestDrain.connect(shard);
    drain.read(0);
    await until(() => drain.records.length === 2);
    await appendStored(shard, ...values('c'));
    await appendStored(shard, ...values('d', 'e'));
    await until(() => drain.records.length === 5);
    expect(drain.records).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
      [4, 'd'],
      [5, 'e'],
    ]);
  });

  test('begins at the row that holds the next seq', async () => {
    const shard = freshShard();
    await appendStored(shard, ...values('a'));
    await appendStored(shard, ...values('b', 'c'));
    const drain = await TestDrain.connect(shard);
    drain.read(2);
    await until(() => drain.records.length > 0);
    expect(drain.records).toEqual([
      [2, 'b'],
      [3, 'c'],
    ]);
  });

  test('stops when credit is spent and goes on when there is more', async () => {
    const shard = freshShard('readings');
    for (let row = 0; row < 6; row += 1) await appendStored(shard, ...values('x'.repeat(1_000)));
    const drain = await TestDrain.connect(shard);
    drain.read(0, 2_500);
    await until(() => drain.records.length >= 2);
    // Nothing more comes: another round trip through the object finds the same count.
    await shard.status();
    await shard.status();
    expect(drain.records.length).toBe(3);
    expect(drain.frameBytes).toBeLessThan(2_500 + 1_200);
    await appendStored(shard, ...values('after'));
    await shard.status();
    expect(drain.records.length).toBe(3);
    drain.send({type: 'credit', bytes: 1_000_000});
    await until(() => drain.records.length === 7);
    expect(drain.records.map(([seq]) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test('joins small rows to few frames', async () => {
    const shard = freshShard();
    for (let row = 0; row < 30; row += 1) await appendStored(shard, ...values(`v${row}`));
    const drain = await TestDrain.connect(shard);
    drain.read(0);
    await until(() => drain.records.length === 30);
    expect(drain.frames).toBe(1);
  });

  test('goes on after the object hibernated, with position and credit', async () => {
    const shard = freshShard();
    await appendStored(shard, ...values('a'));
    const drain = await TestDrain.connect(shard);
    drain.read(0);
    await until(() => drain.records.length === 1);
    await evictDurableObject(shard, {webSockets: 'hibernate'});
    await appendStored(shard, ...values('b'));
    await until(() => drain.records.length === 2);
    expect(drain.records).toEqual([
      [1, 'a'],
      [2, 'b'],
    ]);
    drain.trim(2);
    await until(async () => (await records(shard)) === 0);
  });
});

describe('a connection is closed', () => {
  test('with 4001 when a newer one comes, and the newer one reads', async () => {
    const shard = freshShard();
    await appendStored(shard, ...values('a'));
    const older = await TestDrain.connect(shard);
    older.read(0);
    await until(() => older.records.length === 1);
    const newer = await TestDrain.connect(shard);
    await until(() => older.closeCode !== null);
    expect(older.closeCode).toBe(CLOSE_SUPERSEDED);
    newer.read(1);
    await appendStored(shard, ...values('b'));
    await until(() => newer.records.length === 1);
    expect(newer.records).toEqual([[2, 'b']]);
    expect(older.records).toHaveLength(1);
  });

  test.each([
    ['what is not JSON', '{'],
    ['an unknown type', {type: 'write'}],
    ['a field of the wrong kind', {type: 'credit', bytes: -1}],
    ['credit before read', {type: 'credit', bytes: 5}],
    ['another version', {type: 'read', version: 99, incarnation: 'i', afterSeq: 0, creditBytes: 1}],
    [
      'another incarnation',
      {type: 'read', version: 1, incarnation: 'i', afterSeq: 0, creditBytes: 1},
    ],
    ['a message that is too long', `{"type":"credit","bytes":1,"x":"${'x'.repeat(5_000)}"}`],
  ])('with 4002 and a reason for %s', async (_, message) => {
    const drain = await TestDrain.connect(freshShard());
    drain.send(message);
    await until(() => drain.closeCode !== null);
    expect(drain.closeCode).toBe(CLOSE_BAD_MESSAGE);
    expect(drain.closeReason).not.toBe('');
  });

  test('with 4003 when the drain has read or committed what the storage never had', async () => {
    const shard = freshShard();
    await appendStored(shard, ...values('a', 'b'));
    const reader = await TestDrain.connect(shard);
    reader.read(3);
    await until(() => reader.closeCode !== null);
    expect(reader.closeCode).toBe(CLOSE_ROLLED_BACK);
    const trimmer = await TestDrain.connect(shard);
    trimmer.trim(3);
    await until(() => trimmer.closeCode !== null);
    expect(trimmer.closeCode).toBe(CLOSE_ROLLED_BACK);
    expect(await records(shard)).toBe(2);
  });
});

describe('trim', () => {
  test('removes whole rows up to the seq and nothing beyond', async () => {
    const shard = freshShard();
    await appendStored(shard, ...values('a', 'b'));
    await appendStored(shard, ...values('c', 'd'));
    await appendStored(shard, ...values('e'));
    const drain = await TestDrain.connect(shard);
    drain.trim(3);
    await until(async () => (await records(shard)) === 3);
    expect(await logOf(shard)).toEqual([
      [3, 'c'],
      [4, 'd'],
      [5, 'e'],
    ]);
    expect(await shard.status()).toMatchObject({firstSeq: 3, nextSeq: 6});
    drain.trim(5);
    await until(async () => (await records(shard)) === 0);
    expect(await shard.status()).toMatchObject({firstSeq: 6, nextSeq: 6, bytes: 0, oldestAgeMs: 0});
  });

  test('of another incarnation is ignored', async () => {
    const shard = freshShard();
    await appendStored(shard, ...values('a'));
    const drain = await TestDrain.connect(shard);
    drain.trim(1, 'another');
    drain.read(0);
    await until(() => drain.records.length === 1);
    expect(await records(shard)).toBe(1);
  });

  test('removes more rows than one transaction takes', async () => {
    const shard = freshShard('readings');
    for (let row = 0; row < 600; row += 1) await append(shard, ...values('x'));
    const drain = await TestDrain.connect(shard);
    drain.trim(599);
    await until(async () => (await records(shard)) === 1);
    expect(await logOf(shard)).toEqual([[600, 'x']]);
  });
});
