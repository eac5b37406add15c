import {setTimeout as sleep} from 'node:timers/promises';
import {topologyOf} from '../../../src/define/topology.ts';
import pipeline, {orderChanges, orders} from '../pipeline.ts';
import type {System} from '../system/start-system.ts';
import type {CommittedRecord} from './fetch-committed.ts';
import type {HistoryWriter, NewEntry} from './history-writer.ts';
import {followLiveQuery, type LiveQuery} from './live-query.ts';
import {readAlong} from './live-reader.ts';
import {readEntry} from './read-entry.ts';
import {signsOfLife, type SignsOfLife} from './signs-of-life.ts';

const LIVE_READER = 'live-1';

export interface Watch {
  readonly signs: SignsOfLife;
  readonly queries: ReadonlyMap<string, LiveQuery>;
  /** Topics a run judges. */
  readonly topics: ReadonlySet<string>;
  /** A sender was answered; 0 is no answer. */
  answered(status: number): void;
  entryOf(reader: string, record: CommittedRecord): NewEntry | null;
  /** What has been seen so far, in a few words. */
  line(): string;
  /** Waits until the run is so old. */
  untilMs(ms: number, stop: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

/** Everything that reads along: Kafka's topics, the live queries, and from both and the answers the signs of life. */
export async function watchRun(system: System, history: HistoryWriter): Promise<Watch> {
  const {names} = system;
  const startMs = performance.now();
  const signs = signsOfLife(
    () => history.nowMs(),
    (recovery) => history.add({type: 'recovery', ...recovery}),
  );
  const data = names.data(orders.name);
  const results = names.results(orderChanges.name);
  const topics = new Set(judgedTopics(system));
  const entryTopics = {
    progress: names.drainProgress(),
    results: new Set(pipeline.views.map(({name}) => names.results(name))),
  };
  const entryOf = (reader: string, record: CommittedRecord) =>
    readEntry(reader, record, entryTopics);
  const compacted = new Set([entryTopics.progress, ...entryTopics.results]);
  const statuses = new Map<number, number>();
  let inKafka = 0;
  const reader = readAlong({
    brokers: system.brokersDirect,
    topics,
    onRecords(records) {
      for (const record of records) {
        // What is superseded may be compacted away before the final scan: there is nothing to hold those against.
        const entry = compacted.has(record.topic) ? null : entryOf(LIVE_READER, record);
        if (entry !== null) history.add(withoutValue(entry));
        const lane = `${record.topic}/${record.partition}`;
        if (record.topic === data) {
          inKafka += 1;
          signs.seen('drain', lane);
          signs.seen('kafka', lane);
        } else if (record.topic === results) signs.seen('processor', lane);
      }
    },
  });
  const queries = new Map(
    [...system.queryUrls].map(([replica, url]) => {
      const name = `${orderChanges.name}@${replica}`;
      const query = {name, url, view: orderChanges.name, history, eventTimeMs: Date.now};
      return [name, followLiveQuery(query)] as const;
    }),
  );
  return {
    signs,
    queries,
    topics,
    entryOf,
    answered(status) {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status >= 200 && status < 300) signs.seen('gateway', 'door');
    },
    line: () =>
      `${inKafka} orders in Kafka · answers ${[...statuses].map(([status, count]) => `${status}×${count}`).join(' ')}`,
    async untilMs(ms, stop) {
      const waitMs = startMs + ms - performance.now();
      if (waitMs > 0) await sleep(waitMs, undefined, {signal: stop}).catch(() => undefined);
    },
    async stop() {
      await reader.stop();
      await Promise.all([...queries.values()].map((query) => query.stop()));
    },
  };
}

/** The final scan tells the value; along the way it is the place and the id that count. */
function withoutValue(entry: NewEntry): NewEntry {
  return entry.type === 'read' ? {...entry, value: null} : entry;
}

/** Of all the system's topics those with something to judge: what is in its own ones nobody sent, and nobody else reads. */
function judgedTopics({topics, names}: System): readonly string[] {
  const sinks = topologyOf(pipeline).groups.flatMap((group) => group.sinks);
  const repartition = new Set(sinks.map(({name}) => names.repartition(name)));
  return topics.filter(
    (topic) =>
      !topic.endsWith('.changelog') && !topic.endsWith('.audit') && !repartition.has(topic),
  );
}
