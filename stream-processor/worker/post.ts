/** Something that takes messages for another thread. */
export interface Port<Message> {
  postMessage(message: Message): void;
}

export function post<Message>(port: Port<Message>, message: Message): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origins, windows have
  port.postMessage(message);
}
