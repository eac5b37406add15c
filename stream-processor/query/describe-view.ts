import {inputsOf, type ViewDefinition} from '../../src/define/view.ts';
import {rootNameOf} from '../../src/define/topology.ts';

/** A view as `GET /v1/views` shows it: what is data in its definition. */
export function describeView(view: ViewDefinition): object {
  const {name, kind, description, stream, storage, emit} = view;
  return {
    name,
    stream: stream.name,
    owner: stream.owner,
    description,
    kind,
    ...timesOf(view),
    ...(kind === 'running' ? {} : {retentionMs: view.retentionMs}),
    storage,
    emit,
    reads: inputsOf(view).map(
      (input) => rootNameOf(input) ?? ('name' in input ? input.name : kind),
    ),
    ...('aggregates' in view ? {aggregates: aggregatesOf(view.aggregates)} : {}),
  };
}

function timesOf(view: ViewDefinition): object {
  if (view.kind === 'running' || view.kind === 'select') return {};
  const {graceMs} = view;
  if (view.kind === 'session') return {gapMs: view.gapMs, graceMs};
  if (view.kind === 'join') {
    const {type, beforeMs, afterMs} = view;
    return {type, beforeMs, afterMs, graceMs};
  }
  if (view.kind === 'correlate') {
    const steps = view.steps.map(({name, isNegated}) => (isNegated ? `not ${name}` : name));
    return {order: view.order, steps, withinMs: view.withinMs, graceMs};
  }
  const {sizeMs} = view;
  return view.kind === 'hopping' ? {sizeMs, advanceMs: view.advanceMs, graceMs} : {sizeMs, graceMs};
}

function aggregatesOf(aggregates: Readonly<Record<string, {readonly op: string}>>): object {
  return Object.fromEntries(Object.entries(aggregates).map(([field, {op}]) => [field, op]));
}
