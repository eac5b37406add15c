import {vi} from 'vitest';
import type {AppendRequest, AppendResult} from '../../../gateway-worker/buffer/append-protocol.ts';
import {ShardObject} from '../../../gateway-worker/buffer/shard-object.ts';
import type {
  DeviceAnswer,
  DeviceError,
  DeviceWelcome,
} from '../../../src/protocol/device-socket.ts';
import type {Welcome} from '../../../src/protocol/drain.ts';
import {deviceSettings} from './device-settings.ts';
import {bindings, testApp, testKey} from './test-gateway.ts';
import type {TestApp} from './test-gateway.ts';

const DEADLINE_MS = 5_000;

export type Answer = DeviceAnswer & Partial<DeviceError> & Partial<DeviceWelcome>;

/** A gateway whose Devices objects know its keys. */
export interface DeviceApp extends Pick<TestApp, 'fetch'> {
  /** May write to every stream. */
  readonly key: string;
  readonly limitedKey: string;
  /** Forgets the keys, where the objects look. */
  readonly revoke: () => void;
}

export async function deviceApp(): Promise<DeviceApp> {
  const [writer, limited] = [
    await testKey(['ingest:write:*']),
    await testKey(['ingest:write:*'], {eventsPerSecond: 0.001, burst: 1}),
  ];
  const keysJson = JSON.stringify([writer.entry, limited.entry]);
  deviceSettings.keysJson = keysJson;
  deviceSettings.nowMs = () => Date.now();
  const {fetch} = await testApp({extraEnv: {FOREBAY_KEYS: keysJson}});
  return {
    fetch,
    key: writer.key,
    limitedKey: limited.key,
    revoke() {
      deviceSettings.keysJson = '[]';
    },
  };
}

export interface DeviceOptions {
  readonly key?: string;
  /** `?client=`: places the connection. */
  readonly client?: string;
}

/** A device that speaks forebay.v1. */
export class TestDevice {
  readonly answers: Answer[] = [];
  closeCode: number | null = null;
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({data}) => {
      this.answers.push(
        data === 'pong' ? ({pong: true} as never) : (JSON.parse(data as string) as Answer),
      );
    });
    socket.addEventListener('close', ({code}) => {
      this.closeCode = code;
    });
    socket.accept();
  }

  static async connect(
    app: DeviceApp,
    stream: string,
    {key = app.key, client = 'device-1'}: DeviceOptions = {},
  ): Promise<TestDevice> {
    const response = await app.fetch(`/v1/streams/${stream}/socket?client=${client}`, {
      headers: {
        authorization: `Bearer ${key}`,
        upgrade: 'websocket',
        'sec-websocket-protocol': 'forebay.v1',
      },
    });
    if (response.webSocket === null) throw new Error(`no socket: ${await response.text()}`);
    const device = new TestDevice(response.webSocket);
    await device.answered(1);
    return device;
  }

  send(frame: unknown): void {
    this.#socket.send(
      typeof frame === 'string' || frame instanceof Uint8Array ? frame : JSON.stringify(frame),
    );
  }

  /** Sends a frame and waits for its answer, which is the next one. */
  async ask(frame: unknown): Promise<Answer> {
    const {length} = this.answers;
    this.send(frame);
    await this.answered(length + 1);
    return this.answers[length]!;
  }

  async answered(count: number): Promise<readonly Answer[]> {
    await until(() => this.answers.length >= count || this.closeCode !== null);
    return this.answers;
  }

  async closed(): Promise<number> {
    await until(() => this.closeCode !== null);
    return this.closeCode!;
  }

  close(): void {
    this.#socket.close(1000, 'done');
  }
}

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = Date.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (Date.now() > endMs) throw new Error('the condition was not met in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function devicesObject(name: string): DurableObjectStub {
  return bindings.DEVICES.getByName(name);
}

/** Kafka has taken everything: the shard has room again. */
export async function emptyShard(name: string): Promise<void> {
  const shard = bindings.SHARD.getByName(name);
  const {webSocket} = await shard.fetch('https://shard.test/', {headers: {upgrade: 'websocket'}});
  const socket = webSocket!;
  socket.addEventListener('message', ({data}) => {
    const {incarnation, nextSeq} = JSON.parse(data as string) as Welcome;
    socket.send(JSON.stringify({type: 'trim', incarnation, seq: nextSeq - 1}));
  });
  socket.accept();
  await until(async () => (await shard.status()).records === 0);
  socket.close();
}

/** Shards take appends and answer none of them until the function it returns is called. */
export function holdShards(): () => void {
  const {promise, resolve} = Promise.withResolvers<void>();
  replaceAppend(async (append) => {
    await promise;
    return append();
  });
  return resolve;
}

/** The next append is stored, and nobody hears of it. */
export function loseNextAnswer(): void {
  let isLost = false;
  replaceAppend(async (append) => {
    const result = await append();
    if (isLost) return result;
    isLost = true;
    throw new Error('the connection to the shard was lost');
  });
}

/** Until `vi.restoreAllMocks()`. */
function replaceAppend(
  around: (append: () => Promise<AppendResult>) => Promise<AppendResult>,
): void {
  // oxlint-disable-next-line typescript/unbound-method -- called with the object it is replaced on
  const {append} = ShardObject.prototype;
  vi.spyOn(ShardObject.prototype, 'append').mockImplementation(function (
    this: ShardObject,
    request: AppendRequest,
  ) {
    return around(async () => append.call(this, request));
  });
}
