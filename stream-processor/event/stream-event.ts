import type {TimedEvent} from '../engine/operator.ts';

/** An event as it stands in a topic. */
export class StreamEvent implements TimedEvent {
  readonly key: string;
  readonly timeMs: number;
  readonly event: unknown;
  readonly #root: string;
  readonly #offset: bigint;

  constructor(root: string, offset: bigint, event: Omit<TimedEvent, 'id'>) {
    this.key = event.key;
    this.timeMs = event.timeMs;
    this.event = event.event;
    this.#root = root;
    this.#offset = offset;
  }

  /** Made when asked for: most operators need none. */
  get id(): string {
    return `${this.#root}:${this.#offset}`;
  }
}
