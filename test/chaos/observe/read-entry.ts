import type {NewEntry} from './history-writer.ts';
import type {CommittedRecord} from './fetch-committed.ts';

/** What the checker looks at of an event; padding would make a history as large as Kafka's log. */
const EVENT_FIELDS = ['id', 'key', 'n', 'time', 'amount'] as const;

export interface EntryTopics {
  readonly progress: string;
  readonly results: ReadonlySet<string>;
}

/** A record as a history tells it; `null` for a tombstone among the positions, which says nothing of a shard. */
export function readEntry(
  reader: string,
  record: CommittedRecord,
  topics: EntryTopics,
): NewEntry | null {
  const {topic, partition, offset, key, headers} = record;
  const value = parse(record.value);
  if (topic === topics.progress) {
    if (value === null) return null;
    const {incarnation, seq} = value as {incarnation: string; seq: number};
    return {type: 'progress', reader, shard: key ?? '', incarnation, seq};
  }
  const isResult = topics.results.has(topic);
  const seq = headers['forebay_seq'];
  const previousSeq = headers['forebay_previous_seq'];
  return {
    type: 'read',
    reader,
    topic,
    partition,
    offset: String(offset),
    key,
    id: headers['ce_id'] ?? null,
    shard: headers['forebay_shard'] ?? null,
    incarnation: headers['forebay_incarnation'] ?? null,
    seq: seq === undefined ? null : Number(seq),
    ...(previousSeq === undefined ? {} : {previousSeq: Number(previousSeq)}),
    ...(isResult ? {isFinal: headers['forebay_final'] === 'true'} : {}),
    value: isResult ? value : eventOf(value),
  };
}

function parse(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

function eventOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return null;
  const event = value as Readonly<Record<string, unknown>>;
  return Object.fromEntries(EVENT_FIELDS.map((name) => [name, event[name]]));
}
