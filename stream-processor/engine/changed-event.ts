import type {TimedEvent} from './operator.ts';

/** An event as a step returns it: same key, time and id. */
export class ChangedEvent implements TimedEvent {
  readonly key: string;
  readonly timeMs: number;
  readonly event: unknown;
  readonly #original: TimedEvent;

  constructor(original: TimedEvent, event: unknown) {
    this.key = original.key;
    this.timeMs = original.timeMs;
    this.event = event;
    this.#original = original;
  }

  /** Made when asked for: most operators need none. */
  get id(): string {
    return this.#original.id;
  }
}
