import {assert} from '../lib/assert.ts';
import {backoffMs} from '../lib/backoff.ts';
import {ForebayError, toError} from '../lib/errors.ts';
import {fetchFailure} from './fetch-failure.ts';
import type {CommittedReader, IncomingRecord, PartitionBatch} from './ports.ts';
import {Signal} from './signal.ts';
import {committedBatches} from './wire/abort-filter.ts';
import type {FetchedPartition, FetchLimits, FetchPosition} from './wire/fetch-answer.ts';
import {decodeRecords, splitBatches} from './wire/record-batch.ts';

/** The node that leads a partition now; undefined if none does. */
export type FindLeader = (topic: string, partition: number) => number | undefined;

/** What an adapter brings to the reader: who leads what, and single fetches. It retries nothing. */
export interface FetchSource {
  findLeaders(topics: readonly string[], isStale: boolean): Promise<FindLeader>;
  /** One read_committed fetch from one node. */
  fetch(
    leader: number,
    positions: readonly FetchPosition[],
    limits: FetchLimits,
  ): Promise<readonly FetchedPartition[]>;
  /** The client's own error as one of ours. */
  failure(code: string, what: string, error: unknown): ForebayError;
  close(): Promise<void>;
}

/** One partition's place in the log. A new object per assignment: answers to older ones are then nobody's. */
interface Position {
  readonly topic: string;
  readonly partition: number;
  offset: bigint;
  isFetching: boolean;
}

interface Answer {
  readonly position: Position;
  readonly fetched: FetchedPartition;
}

const DEFAULT_MAX_BYTES = 16_777_216;
const DEFAULT_MAX_PARTITION_BYTES = 1_048_576;
const RETRY_FIRST_MS = 20;
const RETRY_MAX_MS = 1_000;
/** Of one fetch: well below the time after which a request without an answer counts as lost. */
const MAX_FETCH_WAIT_MS = 5_000;
/** How long nothing at all may succeed before a poll gives up. Longer than a broker's restart or a leader's election. */
const GIVE_UP_MS = 60_000;

/**
 * Invariant: a position moves only when the records before it have been handed out by `poll`, and one
 * partition has at most one fetch under way. So a failed or outdated fetch costs a repetition, never a record.
 *
 * Each leader is asked on its own, all at once, and asked again before a poll returns: brokers read while
 * the caller works on what it has. At most one answer per leader waits in memory.
 */
export class GrouplessReader implements CommittedReader {
  readonly #source: FetchSource;
  readonly #maxBytes: number;
  readonly #maxPartitionBytes: number;
  readonly #positions = new Map<string, Position>();
  /** Leaders with a fetch under way, by node id. */
  readonly #busyLeaders = new Set<number>();
  readonly #changed = new Signal();
  #answers: Answer[] = [];
  #isMetadataStale = true;
  #retryAtMs = 0;
  #failures = 0;
  #failingSinceMs: number | undefined;
  #lastError: Error | undefined;
  #isPolling = false;
  #isClosed = false;

  constructor(source: FetchSource, limits: {maxBytes?: number; maxPartitionBytes?: number}) {
    this.#source = source;
    this.#maxBytes = limits.maxBytes ?? DEFAULT_MAX_BYTES;
    this.#maxPartitionBytes = limits.maxPartitionBytes ?? DEFAULT_MAX_PARTITION_BYTES;
  }

  assign(topic: string, partition: number, offset: bigint): void {
    this.#positions.set(`${topic}:${partition}`, {topic, partition, offset, isFetching: false});
    this.#changed.raise();
  }

  unassign(topic: string, partition: number): void {
    this.#positions.delete(`${topic}:${partition}`);
  }

  async poll(maxWaitMs: number): Promise<readonly PartitionBatch[]> {
    assert(!this.#isPolling, 'one poll at a time');
    assert(!this.#isClosed, 'the reader is closed');
    this.#isPolling = true;
    try {
      const deadlineMs = Date.now() + maxWaitMs;
      for (;;) {
        await this.#startFetches(maxWaitMs);
        const batches = this.#takeAnswers();
        if (batches.length > 0) {
          await this.#startFetches(maxWaitMs);
          return batches;
        }
        const leftMs = deadlineMs - Date.now();
        if (leftMs <= 0 || this.#isClosed) return [];
        const retryInMs = this.#retryAtMs - Date.now();
        await this.#changed.wait(retryInMs > 0 ? Math.min(leftMs, retryInMs) : leftMs);
      }
    } finally {
      this.#isPolling = false;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#changed.raise();
    await this.#source.close();
  }

  /** Asks every leader that is idle for all its partitions. */
  async #startFetches(maxWaitMs: number): Promise<void> {
    if (this.#isClosed || Date.now() < this.#retryAtMs) return;
    const idle = [...this.#positions.values()].filter((position) => !position.isFetching);
    if (idle.length === 0) return;
    try {
      const leaders = await this.#groupByLeader(idle);
      for (const [leader, positions] of leaders) {
        if (!this.#busyLeaders.has(leader)) void this.#fetch(leader, positions, maxWaitMs);
      }
    } catch (error) {
      this.#fail(toError(error));
    }
  }

  async #groupByLeader(positions: readonly Position[]): Promise<Map<number, Position[]>> {
    const topics = [...new Set(positions.map((position) => position.topic))];
    const findLeader = await this.#source.findLeaders(topics, this.#isMetadataStale);
    this.#isMetadataStale = false;
    const groups = new Map<number, Position[]>();
    for (const position of positions) {
      const {topic, partition} = position;
      const leader = findLeader(topic, partition);
      if (leader === undefined) {
        throw new ForebayError({
          code: 'KAFKA_LEADER_MISSING',
          message: `partition ${partition} of ${topic} has no leader`,
          isRetryable: true,
        });
      }
      const group = groups.get(leader);
      if (group === undefined) groups.set(leader, [position]);
      else group.push(position);
    }
    return groups;
  }

  /** Never rejects: what it brings or fails with is left for the next turn of `poll`. */
  async #fetch(leader: number, positions: readonly Position[], maxWaitMs: number): Promise<void> {
    this.#busyLeaders.add(leader);
    for (const position of positions) position.isFetching = true;
    try {
      const limits = {
        maxWaitMs: Math.min(maxWaitMs, MAX_FETCH_WAIT_MS),
        maxBytes: this.#maxBytes,
        maxPartitionBytes: this.#maxPartitionBytes,
      };
      const partitions = await this.#source.fetch(leader, positions, limits);
      const byName = new Map(positions.map((p) => [`${p.topic}:${p.partition}`, p]));
      for (const fetched of partitions) {
        const position = byName.get(`${fetched.topic}:${fetched.partition}`);
        if (position !== undefined) this.#answers.push({position, fetched});
      }
    } catch (error) {
      this.#fail(toError(error));
    } finally {
      this.#busyLeaders.delete(leader);
      for (const position of positions) position.isFetching = false;
      this.#changed.raise();
    }
  }

  /** Turns the answers that have arrived into batches and moves the positions past them. */
  #takeAnswers(): readonly PartitionBatch[] {
    this.#throwIfHopeless();
    const answers = this.#answers;
    this.#answers = [];
    const batches: PartitionBatch[] = [];
    for (const {position, fetched} of answers) {
      const key = `${position.topic}:${position.partition}`;
      if (this.#positions.get(key) !== position) continue;
      if (fetched.errorCode !== 0) {
        const failure = fetchFailure(fetched, position.offset);
        if (!failure.isRetryable) throw failure;
        this.#fail(failure);
        continue;
      }
      this.#succeed();
      const batch = readPartition(fetched, position.offset);
      if (batch === undefined) continue;
      position.offset = batch.nextOffset;
      batches.push(batch);
      // To the end of the line: a broker fills an answer in the order asked, up to its size.
      this.#positions.delete(key);
      this.#positions.set(key, position);
    }
    return batches;
  }

  #succeed(): void {
    this.#failures = 0;
    this.#failingSinceMs = undefined;
  }

  #fail(error: Error): void {
    this.#lastError = error;
    this.#isMetadataStale = true;
    this.#failingSinceMs ??= Date.now();
    const backoff = {firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS, random: Math.random};
    this.#retryAtMs = Date.now() + backoffMs(this.#failures++, backoff);
  }

  #throwIfHopeless(): void {
    if (this.#failingSinceMs === undefined || Date.now() - this.#failingSinceMs < GIVE_UP_MS)
      return;
    const what = `nothing could be read for ${GIVE_UP_MS} ms`;
    this.#succeed();
    throw this.#source.failure('KAFKA_READ_FAILED', what, this.#lastError);
  }
}

/** What a fetch brought for one partition, or undefined if nothing new. */
function readPartition(fetched: FetchedPartition, from: bigint): PartitionBatch | undefined {
  const batches = splitBatches(fetched.recordSet);
  const last = batches.at(-1);
  if (last === undefined || last.lastOffset < from) return undefined;
  const records: IncomingRecord[] = [];
  for (const batch of committedBatches(batches, fetched.aborted)) {
    decodeRecords(batch, from, records);
  }
  const {topic, partition, lastStableOffset} = fetched;
  return {topic, partition, records, nextOffset: last.lastOffset + 1n, lastStableOffset};
}
