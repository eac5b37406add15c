import type {EnrichInput} from '../../src/define/input.ts';
import {ChangedEvent} from '../engine/changed-event.ts';
import type {Step} from '../engine/input-node.ts';
import type {TableReader} from './table-reader.ts';

/** The event with what the table says of it; what its functions throw goes to whoever asks. */
export function enrichStep({by, to}: EnrichInput, table: TableReader): Step {
  return (event) => {
    const key = by === undefined ? event.key : by(event.event);
    const enriched: unknown = to(event.event, table.rowOf(key));
    return enriched === undefined ? undefined : new ChangedEvent(event, enriched);
  };
}
