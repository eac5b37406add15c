import pipeline from '../pipeline.ts';
import type {System} from '../system/start-system.ts';
import type {NewEntry} from './history-writer.ts';
import {viewSpec} from './view-spec.ts';

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
    views: pipeline.views.map((view) => viewSpec(view, names)),
    dataTopics: pipeline.streams.map(({name}) => names.data(name)),
    deadLetterTopics: ending('.dead-letter'),
    rejectedTopics: ending('.rejected'),
    lateTopics: ending('.late'),
  };
}
