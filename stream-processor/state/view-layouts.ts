import type {TaskGroup} from '../../src/define/topology.ts';
import type {ViewDefinition, WindowView} from '../../src/define/view.ts';
import {ForebayError} from '../../src/lib/errors.ts';
import {windowGroups} from '../engine/window-groups.ts';
import {paneMsOf} from '../window/pane-width.ts';
import type {Position} from './position.ts';

/** Per view, all of its definition that decides what its states mean. */
export function viewLayouts(
  group: Pick<TaskGroup, 'roots' | 'views'>,
): Readonly<Record<string, string>> {
  const panes = new Map(windowGroups(group).flatMap((mates) => mates.map((view) => [view, mates])));
  return Object.fromEntries(
    group.views.map((view) => [view.name, layoutOf(view, panes.get(view as WindowView))]),
  );
}

/** @throws ForebayError `VIEW_CHANGED`: a view's committed states cannot be read with its present definition. */
export function checkLayouts({members}: Position, layouts: Readonly<Record<string, string>>): void {
  for (const [view, now] of Object.entries(layouts)) {
    const before = members[view]?.layout;
    if (before === undefined || before === now) continue;
    throw new ForebayError({
      code: 'VIEW_CHANGED',
      message: `view "${view}" is now "${now}", its state was written as "${before}"`,
      hint: 'give the changed view a new name; it begins with the events that come from then on',
    });
  }
}

function layoutOf(view: ViewDefinition, mates: readonly WindowView[] = []): string {
  switch (view.kind) {
    case 'tumbling':
    case 'hopping':
      return `${windowOf(view)} ${aggregatesOf(view)}${panesOf(view, mates)}`;
    case 'session':
      return `session ${view.gapMs} ${aggregatesOf(view)}`;
    case 'sliding':
      return `sliding ${view.sizeMs} ${aggregatesOf(view)}`;
    case 'running':
      return `running ${aggregatesOf(view)}`;
    case 'join':
      return `join ${view.type} ${view.beforeMs} ${view.afterMs}`;
    case 'correlate':
      return `correlate ${view.order} ${view.withinMs} ${stepsOf(view)}`;
    case 'select':
    default:
      return 'select';
  }
}

function windowOf({kind, sizeMs, advanceMs}: WindowView): string {
  return kind === 'tumbling' ? `tumbling ${sizeMs}` : `hopping ${sizeMs}/${advanceMs}`;
}

function aggregatesOf({aggregates}: Extract<ViewDefinition, {aggregates: unknown}>): string {
  return Object.entries(aggregates)
    .map(([name, {layout}]) => `${name}=${layout}`)
    .join(',');
}

function stepsOf({steps}: Extract<ViewDefinition, {kind: 'correlate'}>): string {
  return steps.map(({name, isNegated}) => `${isNegated ? '!' : ''}${name}`).join(',');
}

/** Where its panes are not its own windows: how wide they are, and under whose name they are kept. */
function panesOf(view: WindowView, mates: readonly WindowView[]): string {
  const widthMs = mates.length === 0 ? view.sizeMs : paneMsOf(mates);
  const keeper = mates[0] ?? view;
  const width = widthMs === view.sizeMs ? '' : ` in panes of ${widthMs}`;
  return keeper === view ? width : `${width} of ${keeper.name}`;
}
