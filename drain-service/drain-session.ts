/**
 * One claim on one task, from restored positions until doubt ends it: collect, commit, trim.
 *
 * Crash argument: records and positions of a transaction are committed together, and a shard is told to trim only after
 * that. A crash before the commit leaves both undone, and the next owner reads the same records again; a crash after it
 * leaves both done, and the next owner reads on behind them. A trim that is lost is sent again with the next welcome.
 */
import {must} from '../src/lib/assert.ts';
import type {Clock} from '../src/lib/clock.ts';
import {describeError} from '../src/lib/errors.ts';
import type {FencedProducer, TransactionOutcome} from '../src/kafka/ports.ts';
import {failpoint} from '../src/program/failpoint.ts';
import type {DrainProgress} from '../src/protocol/drain-progress.ts';
import type {TopicNames} from '../src/protocol/topics.ts';
import type {Shard} from '../src/record/shard.ts';
import type {Log} from '../src/telemetry/log.ts';
import type {ByteBudget} from './byte-budget.ts';
import {Collector} from './collector.ts';
import {commitBatch} from './commit-batch.ts';
import {deadLetterRecord} from './dead-letter-record.ts';
import {Doorbell} from './doorbell.ts';
import {addBlocked, type DrainMetrics} from './drain-metrics.ts';
import type {OpenLink} from './gateway-client.ts';
import {TRANSACT_DEADLINE_MS} from './limits.ts';
import {refusalOf} from './refusal.ts';
import type {SessionEnd} from './session-end.ts';
import {ShardDrain} from './shard-drain.ts';
import type {ShardShare, TransactionBatch} from './transaction-batch.ts';

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
  readonly held: ByteBudget;
  readonly metrics: DrainMetrics;
  readonly onError: (error: Error) => void;
  readonly onCommitted: (records: number) => void;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: () => number;
}

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
    const {clock, metrics} = this.#options;
    const wake = (): void => this.#doorbell.ring();
    signal.addEventListener('abort', wake);
    for (const shard of this.shards) shard.open();
    try {
      while (!signal.aborted) {
        const startMs = clock.nowMs();
        if (this.#collector.isEmpty) {
          await this.#doorbell.rung();
          addBlocked(metrics.blocked, 'gateway', clock.nowMs() - startMs);
        } else {
          const end = await this.#commit(this.#collector.take(), signal);
          addBlocked(metrics.blocked, 'kafka', clock.nowMs() - startMs);
          if (end !== null) return end;
        }
      }
      return {kind: 'stopped'};
    } finally {
      signal.removeEventListener('abort', wake);
      for (const shard of this.shards) shard.close();
    }
  }

  async #commit(batch: TransactionBatch, signal: AbortSignal): Promise<SessionEnd | null> {
    const {names, clock, random} = this.#options;
    return await commitBatch(batch, {
      transact: (part) => this.#transact(part),
      toDeadLetter: (frame, error) => {
        const refusal = refusalOf(error);
        const topic = names.deadLetters(frame.stream);
        const options = {...refusal, topic, nowMs: clock.nowMs()};
        const records = frame.records.map((record) => deadLetterRecord(record, options));
        return {...frame, records, refusal};
      },
      setBack: (shard, error) => {
        this.#collector.drop(shard);
        this.#byName.get(shard)?.setBack(error);
        // What the others could not add to a batch that was full of this one: no frame may come to do it.
        this.#collector.fill();
      },
      onAborted: (error) => this.#tell('a transaction was aborted', error),
      signal,
      random,
    });
  }

  async #transact(batch: TransactionBatch): Promise<TransactionOutcome> {
    const {producer, names, task, positions, metrics, clock} = this.#options;
    const startMs = clock.nowMs();
    const transaction = batch.toTransaction({
      topic: names.drainProgress(),
      partition: task,
      nowMs: startMs,
      before: positions,
    });
    const {records} = transaction;
    failpoint('before-transact');
    const pending = producer.transact(records, TRANSACT_DEADLINE_MS);
    // The next batch is built while this one is on its way.
    this.#collector.fill();
    const outcome = await pending;
    failpoint('after-transact');
    const nowMs = clock.nowMs();
    metrics.transactions.add(1, {outcome: outcome.kind});
    metrics.produceDuration.observe((nowMs - startMs) / 1_000);
    if (outcome.kind === 'committed') {
      // The gateway's clock may be ahead of this one; a record's timestamp is its received time.
      const oldestMs = records.reduce((ms, record) => Math.min(ms, record.timestampMs), nowMs);
      metrics.stageLatency.observe((nowMs - oldestMs) / 1_000, {stage: 'drain'});
      this.#settle(batch, transaction.positions);
    }
    return outcome;
  }

  #settle(batch: TransactionBatch, reached: ReadonlyMap<string, DrainProgress>): void {
    const {positions, onCommitted} = this.#options;
    let records = 0;
    for (const [name, share] of batch.shares) {
      records += share.records;
      const position = must(reached.get(name), 'a transaction moves every shard it touches');
      positions.set(name, position);
      this.#count(name, share);
      this.#byName.get(name)?.settle(share, position);
    }
    onCommitted(records);
  }

  #count(shard: string, {stream, refusal, records, progress: {seq}}: ShardShare): void {
    const {metrics, log, task} = this.#options;
    if (refusal === null) {
      metrics.records.add(records, {stream});
      return;
    }
    const {code, reason} = refusal;
    metrics.deadLetters.add(records, {stream, reason: code});
    log.warn('a record is a dead letter', {task, shard, seq, code, reason});
  }

  #tell(sentence: string, error: Error): void {
    const {log, task, onError} = this.#options;
    onError(error);
    log.warn(sentence, {task, error: describeError(error)});
  }

  #shardDrain(shard: Shard): ShardDrain {
    const {
      names,
      positions,
      waitingSinceMs,
      openLink,
      creditBytes,
      held,
      onError,
      log,
      clock,
      random,
    } = this.#options;
    return new ShardDrain({
      shard,
      topic: names.data(shard.stream),
      committed: positions.get(shard.name) ?? null,
      waitingSinceMs: waitingSinceMs.get(shard.name) ?? null,
      openLink,
      creditBytes,
      held,
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
