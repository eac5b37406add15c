import {streamOf, type AnyInput} from '../../../src/define/input.ts';
import type {
  AggregateView,
  CorrelateView,
  JoinView,
  SelectView,
  ViewDefinition,
} from '../../../src/define/view.ts';
import type {TopicNames} from '../../../src/protocol/topics.ts';
import type {AggregateSpec, AmountRange, ViewHead, ViewSpec} from '../history/entry.ts';
import {AMOUNTS} from '../pipeline.ts';

/** The checker knows of a view what its documentation says, and of its functions the amounts they ask for. */
export function viewSpec(view: ViewDefinition, names: TopicNames): ViewSpec {
  const {name} = view;
  const topics = {name, resultTopic: names.results(name), lateTopic: names.late(name)};
  if (view.kind === 'join') return pairsSpec(view, topics, names);
  const head = {...topics, sourceTopic: names.data(view.stream.name)};
  if (view.kind === 'correlate') return matchesSpec(view, head);
  if (view.kind === 'select') return selectionSpec(view, head);
  return aggregateSpec(view, head);
}

type Topics = Omit<ViewHead, 'by'>;
type Head = Topics & {readonly sourceTopic: string};

function pairsSpec(
  {left, right, beforeMs: withinMs}: JoinView,
  topics: Topics,
  names: TopicNames,
): ViewSpec {
  const [leftTopic, rightTopic] = [left, right].map((input) => names.data(streamOf(input).name));
  const sides = {leftTopic: leftTopic!, rightTopic: rightTopic!};
  return {...topics, ...sides, kind: 'pairs', by: byOf(left), withinMs};
}

function matchesSpec({steps, withinMs, graceMs}: CorrelateView, head: Head): ViewSpec {
  const amountsOf: Readonly<Record<string, AmountRange>> = AMOUNTS;
  return {
    ...head,
    kind: 'matches',
    by: 'key',
    steps: steps.map(({name, isNegated}) => ({name, isNegated, amounts: amountsOf[name]!})),
    withinMs,
    graceMs,
  };
}

function selectionSpec({name, input}: SelectView, head: Head): ViewSpec {
  if (input.kind === 'filter')
    return {...head, kind: 'selection', by: 'key', amounts: AMOUNTS.large};
  if (input.kind !== 'enrich') throw new Error(`the checker knows no selection such as ${name}`);
  if (input.table.kind === 'view') return {...head, kind: 'totals-so-far', by: 'key'};
  return {...head, kind: 'latest', by: 'key', puts: AMOUNTS.put, deletes: AMOUNTS.delete};
}

function aggregateSpec(view: AggregateView, topics: Head): AggregateSpec {
  const emit = typeof view.emit === 'object' ? 'paced' : view.emit;
  const head = {...topics, by: byOf(view.input), emit} as const;
  if (view.kind === 'running') return {...head, kind: 'running'};
  const {graceMs} = view;
  if (view.kind === 'session') return {...head, kind: 'sessions', gapMs: view.gapMs, graceMs};
  const {sizeMs} = view;
  if (view.kind === 'sliding') return {...head, kind: 'sliding', sizeMs, graceMs};
  return {...head, kind: 'windows', sizeMs, advanceMs: view.advanceMs, graceMs};
}

function byOf({kind}: AnyInput): ViewSpec['by'] {
  return kind === 'rekey' ? 'slot' : 'key';
}
