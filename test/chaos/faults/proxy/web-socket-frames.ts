import type {Frame} from './proxy.ts';

const CONTROL_NAMES = new Map([
  [0x0, 'continuation'],
  [0x1, 'text'],
  [0x2, 'binary'],
  [0x8, 'close'],
  [0x9, 'ping'],
  [0xa, 'pong'],
]);
/** Longer texts are not looked into. */
const MAX_TEXT_BYTES = 65_536;

/** The first WebSocket frame of `bytes` (RFC 6455 §5.2), when it is there whole. */
export function webSocketFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < 2) return undefined;
  const opcode = bytes.readUInt8(0) & 0x0f;
  const isMasked = (bytes.readUInt8(1) & 0x80) !== 0;
  const short = bytes.readUInt8(1) & 0x7f;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const head = 2 + lengthBytes + (isMasked ? 4 : 0);
  if (bytes.length < head) return undefined;
  const length =
    lengthBytes === 2
      ? bytes.readUInt16BE(2)
      : lengthBytes === 8
        ? Number(bytes.readBigUInt64BE(2))
        : short;
  if (bytes.length < head + length) return undefined;
  const frame = bytes.subarray(0, head + length);
  const name = CONTROL_NAMES.get(opcode) ?? 'bytes';
  if (opcode !== 0x1 || length > MAX_TEXT_BYTES) return {bytes: frame, name};
  const payload = Buffer.from(frame.subarray(head));
  if (isMasked) {
    const mask = frame.subarray(head - 4, head);
    for (let i = 0; i < payload.length; i++) payload[i] = payload[i]! ^ mask[i & 3]!;
  }
  return {bytes: frame, name: typeOf(payload.toString('utf8')) ?? name};
}

function typeOf(text: string): string | undefined {
  try {
    const message = JSON.parse(text) as {type?: unknown} | null;
    return typeof message?.type === 'string' ? message.type : undefined;
  } catch {
    return undefined;
  }
}
