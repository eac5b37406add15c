import type {MessagePort} from 'node:worker_threads';

/** Something that takes messages for another thread. */
export interface Port<Message> {
  postMessage(message: Message, transfer?: readonly MessagePort[]): void;
}

export function post<Message>(
  port: Port<Message>,
  message: Message,
  transfer: readonly MessagePort[] = [],
): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origins, windows have
  port.postMessage(message, transfer);
}
