import {once} from 'node:events';
import type {Socket} from 'node:net';
import {setImmediate as yieldOnce, setTimeout as delay} from 'node:timers/promises';
import type {Shape} from './proxy.ts';

/** How often a throttled connection may send a piece. */
const TICK_MS = 50;
/** Of each frame; slicing megabytes byte by byte would only be slow. */
const SLICED_BYTES = 1_024;

export interface ShapedWrite {
  readonly socket: Socket;
  readonly bytes: Buffer;
  readonly shape: Shape;
  readonly signal: AbortSignal;
}

/** Writes at the shape's pace; resolves when the socket takes more. */
export async function writeShaped({socket, bytes, shape, signal}: ShapedWrite): Promise<void> {
  let rest = bytes;
  const sliced = shape.sliceBytes === 0 ? 0 : Math.min(SLICED_BYTES, rest.length);
  for (let at = 0; at < sliced && isOpen(socket, signal); at += shape.sliceBytes) {
    socket.write(rest.subarray(at, Math.min(at + shape.sliceBytes, sliced)));
    await yieldOnce();
  }
  rest = rest.subarray(sliced);
  if (shape.bytesPerSecond > 0) {
    const piece = Math.max(1, Math.floor((shape.bytesPerSecond * TICK_MS) / 1_000));
    for (; rest.length > 0 && isOpen(socket, signal); rest = rest.subarray(piece)) {
      socket.write(rest.subarray(0, piece));
      await delay(TICK_MS, undefined, {signal}).catch(() => undefined);
    }
    return;
  }
  if (rest.length === 0 || !isOpen(socket, signal) || socket.write(rest)) return;
  await Promise.race([
    once(socket, 'drain', {signal}).catch(() => undefined),
    once(socket, 'close', {signal}).catch(() => undefined),
  ]);
}

function isOpen(socket: Socket, signal: AbortSignal): boolean {
  return !signal.aborted && !socket.destroyed && socket.writable;
}
