import type {Pipeline} from '../../src/define/pipeline.ts';
import type {TaskGroup} from '../../src/define/topology.ts';
import type {ViewDefinition} from '../../src/define/view.ts';

/** Views of a group that have results; the others are only read by them. */
export function publishedViews({
  group,
  pipeline,
}: {
  readonly group: TaskGroup;
  readonly pipeline: Pick<Pipeline, 'views'>;
}): readonly ViewDefinition[] {
  return group.views.filter((view) => pipeline.views.includes(view));
}
