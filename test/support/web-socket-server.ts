/** Just enough of RFC 6455 for a test's server: no extensions, no fragments, no checks of the client. */
import {createHash} from 'node:crypto';
import {createServer, type IncomingMessage} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {Duplex} from 'node:stream';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const OPCODE = {text: 1, binary: 2, close: 8} as const;

export interface ServerSocket {
  onText: (text: string) => void;
  onClose: () => void;
  sendText(text: string): void;
  sendBinary(bytes: Uint8Array): void;
  /** Sends only the first `length` bytes of a binary message and cuts the connection. */
  cutInside(bytes: Uint8Array, length: number): void;
  close(code: number, reason: string): void;
  /** Without a word. */
  destroy(): void;
}

export interface WebSocketServerOptions {
  /** An HTTP status to refuse with, or what to do with the accepted socket. */
  readonly onConnect: (request: IncomingMessage) => number | ((socket: ServerSocket) => void);
}

export interface WebSocketServer {
  readonly url: string;
  close(): Promise<void>;
}

export async function startWebSocketServer(
  {onConnect}: WebSocketServerOptions,
  port = 0,
): Promise<WebSocketServer> {
  const open = new Set<Duplex>();
  const server = createServer((request, response) => {
    const answer = onConnect(request);
    response.writeHead(typeof answer === 'number' ? answer : 426).end();
  });
  server.on('upgrade', (request, socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    const answer = onConnect(request);
    if (typeof answer === 'number') {
      socket.end(`HTTP/1.1 ${answer} Refused\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
      return;
    }
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}${GUID}`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
    );
    answer(overStream(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of open) socket.destroy();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function overStream(stream: Duplex): ServerSocket {
  const socket: ServerSocket = {
    onText: () => {},
    onClose: () => {},
    sendText: (text) => stream.write(frame(OPCODE.text, Buffer.from(text))),
    sendBinary: (bytes) => stream.write(frame(OPCODE.binary, bytes)),
    cutInside(bytes, length) {
      stream.write(frame(OPCODE.binary, bytes).subarray(0, length), () => stream.destroy());
    },
    close(code, reason) {
      const body = Buffer.concat([Buffer.alloc(2), Buffer.from(reason)]);
      body.writeUInt16BE(code);
      stream.end(frame(OPCODE.close, body));
    },
    destroy: () => stream.destroy(),
  };
  let held: Buffer = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    for (let message = readFrame(held); message !== null; message = readFrame(held)) {
      held = held.subarray(message.end);
      if (message.opcode === OPCODE.text) socket.onText(message.body.toString());
      if (message.opcode === OPCODE.close) stream.end(frame(OPCODE.close, message.body));
    }
  });
  stream.on('close', () => socket.onClose());
  return socket;
}

function frame(opcode: number, body: Uint8Array): Buffer {
  const length = body.byteLength;
  const extra = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const head = Buffer.alloc(2 + extra);
  head[0] = 0x80 | opcode;
  head[1] = extra === 0 ? length : extra === 2 ? 126 : 127;
  if (extra === 2) head.writeUInt16BE(length, 2);
  if (extra === 8) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, body]);
}

/** A whole frame of a client, which are always masked; `null` while it is not all there. Clients here send little. */
function readFrame(bytes: Buffer): {opcode: number; body: Buffer; end: number} | null {
  if (bytes.length < 6) return null;
  const short = bytes[1]! & 0x7f;
  const extra = short < 126 ? 0 : 2;
  if (short === 127 || bytes.length < 2 + extra + 4) return null;
  const length = extra === 0 ? short : bytes.readUInt16BE(2);
  const maskAt = 2 + extra;
  const end = maskAt + 4 + length;
  if (bytes.length < end) return null;
  const body = Buffer.from(bytes.subarray(maskAt + 4, end));
  for (let i = 0; i < body.length; i++) body[i] = body[i]! ^ bytes[maskAt + (i % 4)]!;
  return {opcode: bytes[0]! & 0x0f, body, end};
}
