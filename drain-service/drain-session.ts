/**
 * One claim on one task, from restored positions until doubt ends it: collect, commit, trim.
 *
 * Crash argument: records and positions of a transaction are committed together, and a shard is told to trim only after
 * that. A crash before the commit leaves both undone, and the next owner reads the same records again; a crash after it
 * leaves both done, and the next owner reads on behind them. A trim that is lost is sent again with the next welcome.
 */
import {backoffMs} from '../src/lib/backoff.ts';
import type {Clock} from '../src/lib/clock.ts';
import {describeError} from '../src/lib/errors.ts';
import {sleep} from '../src/lib/sleep.ts';
import type {FencedProducer, TransactionOutcome} from '../src/kafka/ports.ts';
import type {DrainProgress} from '../src/protocol/drain-progress.ts';
import type {TopicNames} from '../src/protocol/topics.ts';
import type {Shard} from '../src/record/shard.ts';
import type {Log} from '../src/telemetry/log.ts';
import {Collector} from './collector.ts';
import {Doorbell} from './doorbell.ts';
import type {DrainMetrics} from './drain-metrics.ts';
import type {OpenLink} from './gateway-client.ts';
import {BACKOFF, MAX_ABORTS, TRANSACT_DEADLINE_MS} from './limits.ts';
import {ShardDrain} from './shard-drain.ts';
import type {TransactionBatch} from './transaction-batch.ts';

export interface SessionOptions {
  readonly task: number;
  readonly shards: readonly Shard[];
  readonly names: TopicNames;
  readonly producer: FencedProducer;
  /** Of this task's partition of the progress topic; kept up to date while the session lasts. */
  readonly positions: Map<string, DrainProgress>;
  /** Per shard, the received time of a record that the last session left uncommitted. */
  readonly waitingSinceMs: ReadonlyMap<string, number>;
  readonly openLink: OpenLink;
  readonly creditBytes: number;
  readonly metrics: DrainMetrics;
  readonly onError: (error: Error) => void;
  readonly onCommitted: (records: number) => void;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Why a session ended. */
export type SessionEnd =
  | {readonly kind: 'stopped'}
  | {readonly kind: 'failed' | 'fenced'; readonly error: Error};

export class DrainSession {
  readonly shards: readonly ShardDrain[];
  readonly #options: SessionOptions;
  readonly #byName: ReadonlyMap<string, ShardDrain>;
  readonly #collector: Collector;
  readonly #doorbell = new Doorbell();

  constructor(options: SessionOptions) {
    this.#options = options;
    this.shards = options.shards.map((shard) => this.#shardDrain(shard));
    this.#byName = new Map(this.shards.map((drain) => [drain.shard.name, drain]));
    this.#collector = new Collector(this.shards);
  }

  /** Runs until `signal`, which lets a transaction under way finish, or until doubt. */
  async run(signal: AbortSignal): Promise<SessionEnd> {
    const wake = (): void => this.#doorbell.ring();
    signal.addEventListener('abort', wake);
    for (const shard of this.shards) shard.open();
    try {
      while (!signal.aborted) {
        if (this.#collector.isEmpty) await this.#doorbell.rung();
        else {
          const end = await this.#commit(this.#collector.take(), signal);
          if (end !== null) return end;
        }
      }
      return {kind: 'stopped'};
    } finally {
      signal.removeEventListener('abort', wake);
      for (const shard of this.shards) shard.close();
    }
  }

  /** `null` when the batch is in Kafka. An aborted one is tried again as it is; nothing else is. */
  async #commit(batch: TransactionBatch, signal: AbortSignal): Promise<SessionEnd | null> {
    const {random} = this.#options;
    for (let aborts = 0; ; aborts++) {
      const outcome = await this.#transact(batch);
      switch (outcome.kind) {
        case 'committed':
          this.#settle(batch);
          return null;
        case 'aborted':
          this.#tell('a transaction was aborted', outcome.error);
          if (aborts + 1 >= MAX_ABORTS) return {kind: 'failed', error: outcome.error};
          await sleep(backoffMs(aborts, {...BACKOFF.abort, random}), signal);
          if (signal.aborted) return {kind: 'stopped'};
          break;
        case 'unknown':
          return {kind: 'failed', error: outcome.error};
        case 'fenced':
          return {kind: 'fenced', error: outcome.error};
      }
    }
  }

  async #transact(batch: TransactionBatch): Promise<TransactionOutcome> {
    const {producer, names, task, metrics, clock} = this.#options;
    const startMs = clock.nowMs();
    const records = batch.withProgress({
      topic: names.drainProgress(),
      partition: task,
      nowMs: startMs,
    });
    const pending = producer.transact(records, TRANSACT_DEADLINE_MS);
    // The next batch is built while this one is on its way.
    this.#collector.fill();
    const outcome = await pending;
    const nowMs = clock.nowMs();
    metrics.transactions.add(1, {outcome: outcome.kind});
    metrics.produceDuration.observe((nowMs - startMs) / 1_000);
    if (outcome.kind === 'committed') {
      // The gateway's clock may be ahead of this one; a record's timestamp is its received time.
      const oldestMs = records.reduce((ms, record) => Math.min(ms, record.timestampMs), nowMs);
      metrics.stageLatency.observe((nowMs - oldestMs) / 1_000, {stage: 'drain'});
    }
    return outcome;
  }

  #settle(batch: TransactionBatch): void {
    const {metrics, positions, onCommitted} = this.#options;
    let records = 0;
    for (const [name, share] of batch.shares) {
      records += share.records;
      positions.set(name, share.progress);
      metrics.records.add(share.records, {stream: share.stream});
      this.#byName.get(name)?.settle(share);
    }
    onCommitted(records);
  }

  #tell(sentence: string, error: Error): void {
    const {log, task, onError} = this.#options;
    onError(error);
    log.warn(sentence, {task, error: describeError(error)});
  }

  #shardDrain(shard: Shard): ShardDrain {
    const {names, positions, waitingSinceMs, openLink, creditBytes, onError, log, clock, random} =
      this.#options;
    return new ShardDrain({
      shard,
      topic: names.data(shard.stream),
      committed: positions.get(shard.name) ?? null,
      waitingSinceMs: waitingSinceMs.get(shard.name) ?? null,
      openLink,
      creditBytes,
      onError,
      log,
      clock,
      random,
      onFrame: () => {
        this.#collector.fill();
        if (!this.#collector.isEmpty) this.#doorbell.ring();
      },
    });
  }
}
