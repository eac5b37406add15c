import {partialRekeyOf, rootNameOf, type Repartition, type Topology} from './topology.ts';
import {inputsOf, type ViewDefinition} from './view.ts';

/** The views that events of a sink come to, also through further sinks: who is told of one that is left out before. */
export function viewsBehind(topology: Topology, sink: Repartition): readonly ViewDefinition[] {
  const group = topology.groups.find(({roots}) => roots.some(({name}) => name === sink.name))!;
  const further = group.sinks.filter(({rekey}) => rootNameOf(rekey.from) === sink.name);
  return [
    ...group.views.filter((view) => reads(view, sink)),
    ...further.flatMap((each) => viewsBehind(topology, each)),
  ];
}

function reads(view: ViewDefinition, root: Repartition): boolean {
  if (root.kind === 'partials') return root.views.some((each) => each === view);
  if (partialRekeyOf(view) !== undefined) return false;
  return inputsOf(view).some((input) => rootNameOf(input) === root.name);
}
