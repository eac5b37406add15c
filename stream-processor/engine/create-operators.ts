import {isWindowView, partialRekeyOf, type TaskGroup} from '../../src/define/topology.ts';
import type {ViewDefinition, WindowView} from '../../src/define/view.ts';
import {CorrelateOperator} from '../correlate/correlate-operator.ts';
import {JoinOperator} from '../join/join-operator.ts';
import {SelectOperator} from '../select/select-operator.ts';
import {SessionOperator} from '../session/session-operator.ts';
import {SlidingOperator} from '../sliding/sliding-operator.ts';
import {createWindowOperators} from '../window/create-window-operators.ts';
import {RunningOperator} from '../window/running-operator.ts';
import type {Operator, OperatorContext} from './operator.ts';
import type {StoreFactory} from './store-factory.ts';
import {windowGroups} from './window-groups.ts';

export interface OperatorParts {
  readonly stores: StoreFactory;
  readonly contextOf: (view: ViewDefinition) => OperatorContext;
}

/** An operator for every view of a group. Views that share panes get operators that do. */
export function createOperators(
  group: TaskGroup,
  parts: OperatorParts,
): ReadonlyMap<ViewDefinition, Operator> {
  const operators = new Map<ViewDefinition, Operator>();
  for (const views of windowGroups(group)) {
    const made = createWindowOperators({...parts, views, takes: takenBy(views[0]!)});
    views.forEach((view, index) => operators.set(view, made[index]!));
  }
  for (const view of group.views) {
    if (!isWindowView(view)) operators.set(view, createOperator(view, parts));
  }
  return operators;
}

function createOperator(view: Exclude<ViewDefinition, WindowView>, parts: OperatorParts): Operator {
  const {stores} = parts;
  const context = parts.contextOf(view);
  switch (view.kind) {
    case 'running':
      return new RunningOperator({view, stores, context, takes: takenBy(view)});
    case 'session':
      return new SessionOperator(view, stores, context);
    case 'sliding':
      return new SlidingOperator(view, stores, context);
    case 'join':
      return new JoinOperator(view, stores, context);
    case 'correlate':
      return new CorrelateOperator(view, stores, context);
    case 'select':
    default:
      return new SelectOperator(view, context);
  }
}

function takenBy(view: ViewDefinition): 'events' | 'partials' {
  return partialRekeyOf(view) === undefined ? 'events' : 'partials';
}
