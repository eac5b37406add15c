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
    views: pipeline.views.map(({name, stream, sizeMs, graceMs, emit}) => ({
      name,
      sourceTopic: names.data(stream.name),
      resultTopic: names.results(name),
      lateTopic: names.late(name),
      sizeMs,
      graceMs,
      emit,
    })),
    dataTopics: pipeline.streams.map(({name}) => names.data(name)),
    deadLetterTopics: ending('.dead-letter'),
    rejectedTopics: ending('.rejected'),
    lateTopics: ending('.late'),
  };
}
