import {streamOf, type AnyInput} from '../../../src/define/input.ts';
import type {ViewDefinition} from '../../../src/define/view.ts';
import type {TopicNames} from '../../../src/protocol/topics.ts';
import type {ViewSpec} from '../history/entry.ts';
import pipeline from '../pipeline.ts';
import type {System} from '../system/start-system.ts';
import type {NewEntry} from './history-writer.ts';

/** The first line of a history: what the checker must know of the system's definition. */
export function runEntry(
  {names, topics}: Pick<System, 'names' | 'topics'>,
  {seed, command}: {readonly seed: number; readonly command: string},
): NewEntry {
  const ending = (end: string): readonly string[] => topics.filter((topic) => topic.endsWith(end));
  return {
    type: 'run',
    seed,
    command,
    views: pipeline.views.map((view) => specOf(view, names)),
    dataTopics: pipeline.streams.map(({name}) => names.data(name)),
    deadLetterTopics: ending('.dead-letter'),
    rejectedTopics: ending('.rejected'),
    lateTopics: ending('.late'),
  };
}

/** The checker knows of a view what its documentation says. */
function specOf(view: ViewDefinition, names: TopicNames): ViewSpec {
  const {name} = view;
  const topics = {resultTopic: names.results(name), lateTopic: names.late(name)};
  if (view.kind === 'join') {
    const {left, right, beforeMs: withinMs} = view;
    const [leftTopic, rightTopic] = [left, right].map((input) => names.data(streamOf(input).name));
    const sides = {leftTopic: leftTopic!, rightTopic: rightTopic!};
    return {kind: 'pairs', name, by: byOf(left), ...topics, ...sides, withinMs};
  }
  if (!('aggregates' in view) || view.kind === 'sliding' || typeof view.emit === 'object')
    throw new Error(`the checker knows no view such as ${name}`);
  const {input, stream, emit} = view;
  const head = {name, by: byOf(input), ...topics, sourceTopic: names.data(stream.name), emit};
  if (view.kind === 'running') return {...head, kind: 'running', emit: 'updates'};
  const {graceMs} = view;
  if (view.kind === 'session') return {...head, kind: 'sessions', gapMs: view.gapMs, graceMs};
  return {...head, kind: 'windows', sizeMs: view.sizeMs, advanceMs: view.advanceMs, graceMs};
}

function byOf({kind}: AnyInput): ViewSpec['by'] {
  return kind === 'rekey' ? 'slot' : 'key';
}
