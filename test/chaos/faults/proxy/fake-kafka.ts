import {once} from 'node:events';
import {connect, createServer, type AddressInfo, type Socket} from 'node:net';
import {KAFKA_APIS} from './kafka-apis.ts';
import {kafkaFrames} from './kafka-frames.ts';

/** A broker that answers every request with its correlation id and nothing else, and keeps what it was asked. */
export interface FakeBroker {
  readonly port: number;
  /** `name/correlation id`, in the order of arrival. */
  readonly asked: readonly string[];
  end(): Promise<void>;
}

export async function startFakeBroker(): Promise<FakeBroker> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    const frames = kafkaFrames();
    socket.on('data', (chunk: Buffer) => {
      for (const {bytes, name} of frames.split('request', chunk)) {
        asked.push(`${name}/${bytes.readInt32BE(8)}`);
        const answer = Buffer.alloc(8);
        answer.writeInt32BE(4, 0);
        bytes.copy(answer, 4, 8, 12);
        socket.write(answer);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    async end() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** One connection of a client that speaks Kafka's framing. */
export interface FakeClient {
  readonly socket: Socket;
  /** Correlation ids, in the order of their answers. */
  readonly answers: readonly number[];
  send(api: keyof typeof KAFKA_APIS, correlation: number): void;
  /** With the error's code, if one ended it. */
  readonly closed: Promise<string | undefined>;
}

export async function connectFakeClient(port: number): Promise<FakeClient> {
  const socket = connect({host: '127.0.0.1', port, noDelay: true});
  const answers: number[] = [];
  const frames = kafkaFrames();
  let code: string | undefined;
  socket.on('error', (error: NodeJS.ErrnoException) => (code = error.code));
  socket.on('data', (chunk: Buffer) => {
    for (const {bytes} of frames.split('answer', chunk)) answers.push(bytes.readInt32BE(4));
  });
  const closed = new Promise<string | undefined>((resolve) => {
    socket.once('close', () => resolve(code));
  });
  await once(socket, 'connect');
  return {
    socket,
    answers,
    closed,
    send: (api, correlation) => socket.write(requestFrame(api, correlation)),
  };
}

/** Version 0: client id `c`, then the transactional id `t`. */
export function requestFrame(api: keyof typeof KAFKA_APIS, correlation: number): Buffer {
  const body = Buffer.from('\0\x01c\0\x01t', 'latin1');
  const frame = Buffer.alloc(12 + body.length);
  frame.writeInt32BE(8 + body.length, 0);
  frame.writeInt16BE(KAFKA_APIS[api], 4);
  frame.writeInt32BE(correlation, 8);
  body.copy(frame, 12);
  return frame;
}
