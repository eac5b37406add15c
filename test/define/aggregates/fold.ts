import type {ObjectAggregate} from '../../../src/define/aggregate.ts';

export interface Timed<Value> {
  readonly timeMs: number;
  readonly value: Value;
}

/** One pass over the events in the order of their arrival. */
export function fold<Value, State>(
  aggregate: ObjectAggregate<Timed<Value>, State, unknown>,
  events: readonly Timed<Value>[],
): State {
  let state = aggregate.init();
  for (const event of events) state = aggregate.add(state, event, event.timeMs);
  return state;
}

/**
 * The same through panes: events by slices of `widthMs` of event time, each folded, encoded, decoded, and all merged pairwise
 * in the order that `pick` gives.
 */
export function foldPanes<Value, State>(
  aggregate: ObjectAggregate<Timed<Value>, State, unknown>,
  events: readonly Timed<Value>[],
  {widthMs, pick}: {readonly widthMs: number; readonly pick: (below: number) => number},
): State {
  const panes = Map.groupBy(events, ({timeMs}) => Math.floor(timeMs / widthMs));
  const states = [...panes.values()].map((pane) =>
    aggregate.decode(aggregate.encode(fold(aggregate, pane))),
  );
  while (states.length > 1) {
    const [into] = states.splice(pick(states.length), 1) as [State];
    const [other] = states.splice(pick(states.length), 1) as [State];
    states.push(aggregate.merge(into, other));
  }
  return states[0] ?? aggregate.init();
}
