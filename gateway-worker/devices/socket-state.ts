import {attach} from './attachment.ts';
import type {Attachment} from './attachment.ts';
import {SEEN_STEP_MS} from './device-limits.ts';

/** A socket's attachment, read once while its object is awake and written when it changes. */
export class SocketState<State extends Attachment> {
  readonly #socket: WebSocket;
  #value: State;

  constructor(socket: WebSocket, value: State) {
    this.#socket = socket;
    this.#value = value;
  }

  get value(): State {
    return this.#value;
  }

  change(part: Partial<State>): void {
    this.#value = {...this.#value, ...part};
    attach(this.#socket, this.#value);
  }

  /** Not written for every frame: deadlines have the same slack. */
  seen(nowMs: number): void {
    if (nowMs - this.#value.seenMs < SEEN_STEP_MS) return;
    this.#value = {...this.#value, seenMs: nowMs};
    attach(this.#socket, this.#value);
  }
}
