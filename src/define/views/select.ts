import type {AnyInput, Input} from '../input.ts';
import type {SelectView} from '../view.ts';
import {viewHead, type RowObject, type ViewOptions} from './aggregate-options.ts';

export interface SelectOptions<Event, Row extends RowObject> extends ViewOptions {
  /** Makes the row, a JSON object; an event of which there is none (`ROW_NOT_OBJECT`) is left out, and counted. */
  readonly row: (event: Event) => Row;
}

/**
 * A row per event: a stream filtered and mapped into a topic of its own. `start` and `end` of a row are the event's time, `id`
 * is the same in every replay.
 */
export function select<Event, Row extends RowObject>(
  from: Input<Event>,
  options: SelectOptions<NoInfer<Event>, Row>,
): SelectView<Row> {
  const input = from as AnyInput;
  return {...viewHead(options, input), kind: 'select', emit: 'final', input, row: options.row};
}
