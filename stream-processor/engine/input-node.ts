/**
 * What becomes of an event on its way to an operator. Operators pull: each asks its node for the event of the moment, and
 * a step that several share is done once, by whoever asks first.
 */
import type {TimedEvent} from './operator.ts';

export interface InputNode {
  readonly source: SourceNode;
  /** `undefined`: left out. Throws what the step's function throws, whoever asks. */
  pull(): TimedEvent | undefined;
}

/** Returns the event as it goes on; `undefined` leaves it out. */
export type Step = (event: TimedEvent) => TimedEvent | undefined;

/** A root, or a view whose rows are events. */
export class SourceNode implements InputNode {
  readonly source = this;
  /** Counts the events, so that steps know theirs from the one before. */
  moment = 0;
  #event: TimedEvent | undefined;

  begin(event: TimedEvent): void {
    this.moment++;
    this.#event = event;
  }

  pull(): TimedEvent | undefined {
    return this.#event;
  }
}

export class StepNode implements InputNode {
  readonly source: SourceNode;
  readonly #from: InputNode;
  readonly #step: Step;
  #moment = 0;
  #result: TimedEvent | undefined;
  #error: {readonly thrown: unknown} | undefined;

  constructor(from: InputNode, step: Step) {
    this.source = from.source;
    this.#from = from;
    this.#step = step;
  }

  pull(): TimedEvent | undefined {
    if (this.#moment !== this.source.moment) this.#take();
    if (this.#error !== undefined) throw this.#error.thrown;
    return this.#result;
  }

  #take(): void {
    this.#moment = this.source.moment;
    this.#error = undefined;
    this.#result = undefined;
    try {
      const event = this.#from.pull();
      if (event !== undefined) this.#result = this.#step(event);
    } catch (thrown) {
      this.#error = {thrown};
    }
  }
}
