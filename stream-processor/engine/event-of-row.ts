import type {ViewDefinition} from '../../src/define/view.ts';
import type {Row, TimedEvent} from './operator.ts';

/** A closed row as the views that read it see it (`rowsOf`). Its id tells it from the other rows of its key. */
export function eventOfRow({name, kind}: ViewDefinition, row: Row): TimedEvent {
  const {key, values} = row;
  // What closes has times.
  const [start, end] = [row.start!, row.end!];
  const isEndOutside = kind === 'tumbling' || kind === 'hopping';
  return {
    key,
    timeMs: isEndOutside ? end - 1 : end,
    id: `${name}:${start}:${end}`,
    event: {...values, key, start, end},
  };
}
