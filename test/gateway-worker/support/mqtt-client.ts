/** Packets written by hand and answers as hex, so that a test sees every byte. */
import {concatBytes, hex, utf8} from '../../../src/lib/bytes.ts';
import {until} from './device-client.ts';
import type {DeviceApp} from './device-client.ts';

export type Version = 4 | 5;

export function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}

export function text(value: string | Uint8Array): Uint8Array {
  const bytes = typeof value === 'string' ? utf8(value) : value;
  return concatBytes([u16(bytes.byteLength), bytes]);
}

export function packet(first: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = concatBytes(parts);
  return concatBytes([Uint8Array.of(first), length(body.byteLength), body]);
}

export function length(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest % 128) + (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Uint8Array.from(bytes);
}

export function properties(version: Version, ...parts: readonly Uint8Array[]): Uint8Array {
  if (version === 4) return new Uint8Array();
  const body = concatBytes(parts);
  return concatBytes([length(body.byteLength), body]);
}

export function userProperty(name: string, value: string): Uint8Array {
  return concatBytes([Uint8Array.of(0x26), text(name), text(value)]);
}

export interface ConnectOptions {
  readonly version: Version;
  readonly clientId?: string;
  readonly password?: string | null;
  readonly keepAliveS?: number;
  readonly isClean?: boolean;
  readonly will?: {readonly qos: number; readonly retain: boolean};
  readonly with?: readonly Uint8Array[];
}

export function connectPacket(options: ConnectOptions): Uint8Array {
  const {version, clientId = 'client-1', password = null, keepAliveS = 60, will} = options;
  const flags =
    ((options.isClean ?? true) ? 2 : 0) +
    (password === null ? 0 : 0xc0) +
    (will === undefined ? 0 : 4 + will.qos * 8 + (will.retain ? 0x20 : 0));
  return packet(
    0x10,
    text('MQTT'),
    Uint8Array.of(version, flags),
    u16(keepAliveS),
    properties(version, ...(options.with ?? [])),
    text(clientId),
    ...(will === undefined ? [] : [properties(version), text('streams/x'), text('gone')]),
    ...(password === null ? [] : [text('any'), text(password)]),
  );
}

export interface PublishOptions {
  readonly version: Version;
  readonly topic: string;
  readonly body: string | Uint8Array;
  readonly qos?: 0 | 1 | 2;
  readonly packetId?: number;
  readonly isDup?: boolean;
  readonly retain?: boolean;
  readonly with?: readonly Uint8Array[];
}

export function publishPacket(options: PublishOptions): Uint8Array {
  const {version, topic, body, qos = 1, packetId = 1, isDup = false, retain = false} = options;
  return packet(
    0x30 + (isDup ? 8 : 0) + qos * 2 + (retain ? 1 : 0),
    text(topic),
    ...(qos === 0 ? [] : [u16(packetId)]),
    properties(version, ...(options.with ?? [])),
    typeof body === 'string' ? utf8(body) : body,
  );
}

/** An MQTT client of a test. */
export class TestMqtt {
  /** Packets of the server, as hex. */
  readonly answers: string[] = [];
  closeCode: number | null = null;
  readonly #socket: WebSocket;
  #rest = new Uint8Array();

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({data}) => {
      this.#take(new Uint8Array(data as ArrayBuffer));
    });
    socket.addEventListener('close', ({code}) => {
      this.closeCode = code;
    });
    socket.accept();
  }

  static async open(app: DeviceApp, place = 'client-1'): Promise<TestMqtt> {
    const response = await app.fetch(`/mqtt?client=${place}`, {
      headers: {upgrade: 'websocket', 'sec-websocket-protocol': 'mqtt'},
    });
    if (response.webSocket === null) throw new Error(`no socket: ${await response.text()}`);
    return new TestMqtt(response.webSocket);
  }

  /** Connected, with its CONNACK taken out of the answers. */
  static async connect(
    app: DeviceApp,
    options: ConnectOptions & {readonly place?: string},
  ): Promise<TestMqtt> {
    const client = await TestMqtt.open(app, options.place ?? options.clientId);
    await client.ask(connectPacket({password: app.key, ...options}));
    client.answers.length = 0;
    return client;
  }

  send(...packets: readonly (Uint8Array | string)[]): void {
    for (const bytes of packets) this.#socket.send(bytes);
  }

  /** Sends and waits for the next packet, or the end. */
  async ask(...packets: readonly Uint8Array[]): Promise<string> {
    const count = this.answers.length + 1;
    this.send(...packets);
    return (await this.answered(count))[count - 1] ?? '';
  }

  async answered(count: number): Promise<readonly string[]> {
    await until(() => this.answers.length >= count || this.closeCode !== null);
    return this.answers;
  }

  /** Everything that came before the end, and its code. */
  async closed(): Promise<readonly [code: number, ...answers: string[]]> {
    await until(() => this.closeCode !== null);
    return [this.closeCode!, ...this.answers];
  }

  close(): void {
    this.#socket.close();
  }

  #take(bytes: Uint8Array): void {
    let rest = concatBytes([this.#rest, bytes]);
    while (rest.byteLength >= 2 && rest.byteLength >= 2 + rest[1]!) {
      this.answers.push(hex(rest.subarray(0, 2 + rest[1]!)));
      rest = rest.subarray(2 + rest[1]!);
    }
    this.#rest = rest.slice();
  }
}
