import type {ViewDefinition, WindowView} from '../../src/define/view.ts';
import type {Operator, OperatorContext} from '../engine/operator.ts';
import type {StoreFactory} from '../engine/store-factory.ts';
import type {ValueCodec} from '../state/state-store.ts';
import {AggregateColumns} from './aggregate-columns.ts';
import {paneMsOf} from './pane-width.ts';
import {SharedPanes} from './shared-panes.ts';
import {WindowOperator} from './window-operator.ts';

export interface WindowOperatorsOptions {
  /** Views that share panes: one of `paneGroups`. */
  readonly views: readonly WindowView[];
  readonly stores: StoreFactory;
  readonly contextOf: (view: ViewDefinition) => OperatorContext;
  /**
   * Partials are the events of a `partials` root: `event` is what `AggregateColumns.encode` wrote and `timeMs` where
   * their pane begins.
   */
  readonly takes: 'events' | 'partials';
}

const BYTES: ValueCodec<Uint8Array> = {encode: (bytes) => bytes, decode: (bytes) => bytes};

/**
 * Operators of views that share panes, in the order of the views. They must be given the very same event objects, one
 * after the other, so that each goes into the panes once. The panes are among the stores of the first.
 */
export function createWindowOperators({
  views,
  stores,
  contextOf,
  takes,
}: WindowOperatorsOptions): readonly Operator[] {
  const [first] = views as readonly [WindowView, ...WindowView[]];
  const paneMs = paneMsOf(views);
  const hasWholeWindows = views.length === 1 && first.sizeMs === paneMs;
  const store = stores.panes(first.name, first.storage, new AggregateColumns(first.aggregates));
  const panes = new SharedPanes({store, paneMs, hasWholeWindows, takes});
  return views.map((view) => {
    const kept = hasWholeWindows ? undefined : stores.keyed(`${view.name}.due`, 'memory', BYTES);
    return new WindowOperator({
      view,
      context: contextOf(view),
      panes,
      kept,
      stores: [...(view === first ? [store] : []), ...(kept === undefined ? [] : [kept])],
      lateReason: takes === 'partials' ? 'late-partial' : 'late',
    });
  });
}
