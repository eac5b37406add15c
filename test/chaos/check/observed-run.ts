import type {
  BufferEntry,
  HistoryEntry,
  NoteEntry,
  ProgressEntry,
  QueryEntry,
  ReadEntry,
  RunEntry,
  SendEntry,
  SentEvent,
  TransactionEntry,
  WatermarkEntry,
} from '../history/entry.ts';

/** What became of an event, as far as its sender was told, over every request that carried it. */
export interface Fate {
  readonly event: SentEvent;
  /** Told accepted, or told that it was stored before. */
  isAccepted: boolean;
  isRejected: boolean;
  /** A request with it has no answer, or one that says nothing of it. */
  isOpen: boolean;
}

export type Read = Omit<ReadEntry, 'type' | 'reader' | 'at'>;

/** Per topic and partition (`topic/partition`), by offset. */
export type Log = ReadonlyMap<string, readonly Read[]>;

export interface ObservedRun {
  readonly run: RunEntry;
  readonly fates: ReadonlyMap<string, Fate>;
  readonly requests: number;
  readonly unknownRequests: number;
  /** What the final scan read. */
  readonly log: Log;
  /** What readers that read along were given, in the order they were given it. */
  readonly live: ReadonlyMap<string, readonly Read[]>;
  /** Partitions the final scan has read to their end. */
  readonly ends: ReadonlySet<string>;
  /** The last per shard, of the final scan. */
  readonly progress: ReadonlyMap<string, ProgressEntry>;
  readonly buffers: readonly BufferEntry[];
  readonly transactions: readonly TransactionEntry[];
  readonly queries: readonly QueryEntry[];
  readonly watermarks: readonly WatermarkEntry[];
  readonly notes: readonly NoteEntry[];
  readonly faults: Readonly<Record<string, number>>;
}

/** Sorts a history's entries into what the checks ask for. @throws when it has no `run` entry */
export function observeRun(entries: Iterable<HistoryEntry>): ObservedRun {
  let run: RunEntry | undefined;
  const sends = new Sends();
  const log = new Map<string, Read[]>();
  const live = new Map<string, Read[]>();
  const ends = new Set<string>();
  const progress = new Map<string, ProgressEntry>();
  const kept = {
    buffers: [] as BufferEntry[],
    transactions: [] as TransactionEntry[],
    queries: [] as QueryEntry[],
    watermarks: [] as WatermarkEntry[],
    notes: [] as NoteEntry[],
  };
  const faults: Record<string, number> = {};
  for (const entry of entries) {
    switch (entry.type) {
      case 'run':
        run = entry;
        break;
      case 'send':
        sends.add(entry);
        break;
      case 'read':
        if (entry.reader === 'final') push(log, placeOf(entry), entry);
        else push(live, entry.reader, entry);
        break;
      case 'end':
        ends.add(placeOf(entry));
        break;
      case 'progress':
        if (entry.reader === 'final') progress.set(entry.shard, entry);
        break;
      case 'buffer':
        kept.buffers.push(entry);
        break;
      case 'transaction':
        kept.transactions.push(entry);
        break;
      case 'query':
        kept.queries.push(entry);
        break;
      case 'watermark':
        kept.watermarks.push(entry);
        break;
      case 'note':
        kept.notes.push(entry);
        break;
      case 'fault':
        if (entry.op === 'start') faults[entry.kind] = (faults[entry.kind] ?? 0) + 1;
        break;
      case 'recovery':
        break;
    }
  }
  if (run === undefined) throw new Error('a history begins with its run');
  for (const reads of log.values()) reads.sort((a, b) => Number(a.offset) - Number(b.offset));
  return {run, ...sends.observed(), log, live, ends, progress, ...kept, faults};
}

export function placeOf({topic, partition}: {readonly topic: string; readonly partition: number}) {
  return `${topic}/${partition}`;
}

/** All that the final scan read of some topics, by partition and offset. */
export function* readsOf(log: Log, topics: readonly string[]): Generator<Read> {
  for (const reads of log.values()) {
    if (reads[0] !== undefined && topics.includes(reads[0].topic)) yield* reads;
  }
}

/** What senders were told. */
class Sends {
  readonly #fates = new Map<string, Fate>();
  readonly #open = new Map<number, readonly SentEvent[]>();
  #requests = 0;
  #unknown = 0;

  add(entry: SendEntry): void {
    if (entry.op === 'invoke') {
      this.#requests += 1;
      this.#open.set(entry.request, entry.events);
      for (const event of entry.events) {
        if (this.#fates.has(event.id)) continue;
        this.#fates.set(event.id, {event, isAccepted: false, isRejected: false, isOpen: false});
      }
      return;
    }
    const events = this.#open.get(entry.request) ?? [];
    this.#open.delete(entry.request);
    if (entry.op === 'unknown') this.#leaveOpen(events);
    if (entry.op !== 'ok') return;
    const told = new Map(entry.outcomes.map(({id, outcome}) => [id, outcome]));
    for (const {id} of events) {
      const fate = this.#fates.get(id)!;
      const outcome = told.get(id);
      if (outcome === 'accepted' || outcome === 'duplicate') fate.isAccepted = true;
      else if (outcome === 'rejected') fate.isRejected = true;
      else if (outcome === undefined) fate.isOpen = true;
    }
  }

  observed(): Pick<ObservedRun, 'fates' | 'requests' | 'unknownRequests'> {
    // What was never answered is as open as what was answered by nobody.
    for (const events of this.#open.values()) this.#leaveOpen(events);
    this.#open.clear();
    return {fates: this.#fates, requests: this.#requests, unknownRequests: this.#unknown};
  }

  #leaveOpen(events: readonly SentEvent[]): void {
    this.#unknown += 1;
    for (const {id} of events) this.#fates.get(id)!.isOpen = true;
  }
}

function push(reads: Map<string, Read[]>, name: string, entry: ReadEntry): void {
  const {type: _type, reader: _reader, at: _at, ...read} = entry;
  const known = reads.get(name);
  if (known === undefined) reads.set(name, [read]);
  else known.push(read);
}
