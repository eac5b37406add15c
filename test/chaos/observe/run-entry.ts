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
    views: pipeline.views.flatMap((view) => specOf(view, names)),
    dataTopics: pipeline.streams.map(({name}) => names.data(name)),
    deadLetterTopics: ending('.dead-letter'),
    rejectedTopics: ending('.rejected'),
    lateTopics: ending('.late'),
  };
}

/** The checker knows tumbling windows; the definition has no others. */
function specOf(view: ViewDefinition, names: TopicNames): readonly ViewSpec[] {
  if (view.kind !== 'tumbling' || typeof view.emit === 'object') return [];
  const {name, stream, sizeMs, graceMs, emit} = view;
  return [
    {
      name,
      sourceTopic: names.data(stream.name),
      resultTopic: names.results(name),
      lateTopic: names.late(name),
      sizeMs,
      graceMs,
      emit,
    },
  ];
}
