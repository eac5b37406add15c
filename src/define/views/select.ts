import type {AnyInput, Input} from '../input.ts';
import type {SelectView} from '../view.ts';
import {viewHead, type ViewOptions} from './aggregate-options.ts';

/** A row per event: a stream filtered and mapped into a topic of its own. A row must be a JSON object. */
export function select<Event, Row extends object>(
  from: Input<Event>,
  options: ViewOptions & {readonly row: (event: NoInfer<Event>) => Row},
): SelectView<Row> {
  const input = from as AnyInput;
  return {...viewHead(options, input), kind: 'select', emit: 'final', input, row: options.row};
}
