import {httpHead, httpLength} from './http-length.ts';
import type {Direction, Frame, Splitter} from './proxy.ts';
import {webSocketFrame} from './web-socket-frames.ts';

/** Where a direction is. `raw`: no frames any more, as the message ends with the connection. */
type Mode = 'http' | 'web-socket' | 'raw';

/**
 * HTTP/1.1 messages, head and body in one frame, and WebSocket frames after an upgrade. Extensions are taken out of the
 * handshake, so that messages come as plain text and can be told apart.
 */
export function httpFrames(): Splitter {
  const held: Record<Direction, Buffer> = {request: Buffer.alloc(0), answer: Buffer.alloc(0)};
  const mode: Record<Direction, Mode> = {request: 'http', answer: 'http'};
  const unanswered: string[] = [];

  const readHttp = (direction: Direction): Frame | undefined => {
    const bytes = held[direction];
    const head = httpHead(bytes);
    if (head === undefined) return undefined;
    const isRequest = direction === 'request';
    if (isRequest && /\r\nupgrade: *websocket/i.test(head)) {
      unanswered.push('upgrade');
      held.request = bytes.subarray(head.length);
      // Nothing else follows a handshake before its answer.
      mode.request = 'web-socket';
      return {bytes: Buffer.from(withoutExtensions(head), 'latin1'), name: 'upgrade'};
    }
    const name = isRequest ? head.slice(0, head.indexOf(' ')) : (unanswered[0] ?? 'bytes');
    if (!isRequest && head.startsWith('HTTP/1.1 101')) {
      unanswered.shift();
      mode.answer = 'web-socket';
      held.answer = bytes.subarray(head.length);
      return {bytes: bytes.subarray(0, head.length), name};
    }
    const length = httpLength(bytes, head, isRequest ? undefined : name);
    if (length === 'incomplete') return undefined;
    if (isRequest) unanswered.push(name);
    else if (!head.startsWith('HTTP/1.1 1')) unanswered.shift();
    if (length === 'until-close') mode[direction] = 'raw';
    const end = length === 'until-close' ? bytes.length : length;
    held[direction] = bytes.subarray(end);
    return {bytes: bytes.subarray(0, end), name};
  };

  const readNext = (direction: Direction): Frame | undefined => {
    const bytes = held[direction];
    if (bytes.length === 0) return undefined;
    if (mode[direction] === 'http') return readHttp(direction);
    const frame = mode[direction] === 'web-socket' ? webSocketFrame(bytes) : {bytes, name: 'bytes'};
    if (frame !== undefined) held[direction] = bytes.subarray(frame.bytes.length);
    return frame;
  };

  return {
    split(direction, chunk) {
      held[direction] = Buffer.concat([held[direction], chunk]);
      const frames: Frame[] = [];
      for (let next = readNext(direction); next !== undefined; next = readNext(direction)) {
        frames.push(next);
      }
      return frames;
    },
    rest: (direction) => held[direction],
  };
}

function withoutExtensions(head: string): string {
  return head.replace(/\r\nsec-websocket-extensions:[^\r]*/i, '');
}
