export interface Topic {
  readonly stream: string;
  /** Key of the record where the stream has none of its own. */
  readonly key: string | null;
}

const PREFIX = 'streams/';

/** `{stream}`, `streams/{stream}` or `streams/{stream}/{key…}`; `null` for what no topic of a publish may be. */
export function topicOf(topic: string): Topic | null {
  if (/[#+]/.test(topic)) return null;
  if (!topic.startsWith(PREFIX)) return topic === '' ? null : {stream: topic, key: null};
  const rest = topic.slice(PREFIX.length);
  const slash = rest.indexOf('/');
  if (slash < 0) return {stream: rest, key: null};
  const key = rest.slice(slash + 1);
  return key === '' ? null : {stream: rest.slice(0, slash), key};
}
