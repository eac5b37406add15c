import {
  isWindowView,
  paneGroups,
  partialRekeyOf,
  type TaskGroup,
} from '../../src/define/topology.ts';
import type {WindowView} from '../../src/define/view.ts';

/** A group's tumbling and hopping views by the panes they share. Those of partials share what their root carries. */
export function windowGroups({
  roots,
  views,
}: Pick<TaskGroup, 'roots' | 'views'>): readonly (readonly WindowView[])[] {
  const ofPartials = roots.flatMap((root) =>
    root.kind === 'partials' ? [root.views.filter(isWindowView)] : [],
  );
  const others = views.filter(isWindowView).filter((view) => partialRekeyOf(view) === undefined);
  return [...ofPartials.filter(({length}) => length > 0), ...paneGroups(others)];
}
