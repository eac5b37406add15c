/** RFC 6455 §5.5: a close frame's reason takes 123 bytes; reasons here are ASCII. */
const MAX_REASON_CHARS = 120;

/** Never throws: a connection that is gone is closed. */
export function closeSocket(socket: WebSocket, code: number, reason: string): void {
  try {
    socket.close(code, reason.slice(0, MAX_REASON_CHARS));
  } catch {
    // It was closed already.
  }
}

/** Never throws: who is gone comes again and sends what was not answered. */
export function sendTo(socket: WebSocket, data: string | Uint8Array): void {
  try {
    socket.send(data);
  } catch {
    // The close event follows.
  }
}
