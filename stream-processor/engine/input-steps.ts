import type {FilterInput, MapInput} from '../../src/define/input.ts';
import {ChangedEvent} from './changed-event.ts';
import type {Step} from './input-node.ts';

export function inputStep(input: FilterInput | MapInput): Step {
  if (input.kind === 'filter') {
    const {where} = input;
    return (event) => (where(event.event) ? event : undefined);
  }
  const {to} = input;
  return (event) => new ChangedEvent(event, to(event.event));
}
