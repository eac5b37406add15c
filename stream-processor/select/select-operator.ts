/**
 * A row per event: `start` and `end` are the event's time, `id` is the event's. There is no state, and nothing is late: a
 * row goes out for every event, as far behind time as the event was.
 */
import type {SelectView} from '../../src/define/view.ts';
import {EmittingOperator} from '../engine/emitting-operator.ts';
import type {OperatorContext, RowValues, TimedEvent} from '../engine/operator.ts';
import {rowValues} from '../engine/row-values.ts';

export class SelectOperator extends EmittingOperator {
  readonly stores = [];
  readonly delayMs = 0;
  readonly #row: SelectView['row'];
  readonly #context: OperatorContext;

  constructor(view: SelectView, context: OperatorContext) {
    super();
    this.#row = view.row;
    this.#context = context;
  }

  take({key, timeMs, id, event}: TimedEvent): void {
    let values: RowValues;
    try {
      values = rowValues(this.#row(event));
    } catch (error) {
      this.#context.failed(error);
      return;
    }
    this.#context.emit({key, start: timeMs, end: timeMs, id, isFinal: true, values}, timeMs);
  }

  advance(): void {}

  restored(): void {}
}
