/**
 * One shard as its drain task sees it: a link to the shard, the frames received and not taken yet, and positions.
 *
 * Invariant: taken.seq ≤ received.seq, and the frames in the queue hold exactly the seqs in between: dense, in order, of
 * one incarnation. A frame that would leave a hole ends the link, and the next one reads on after what was *taken*.
 * Nothing here is durable: an owner that dies, or doubts, forgets all of it and restores from Kafka.
 */
import {backoffMs, type BackoffOptions} from '../src/lib/backoff.ts';
import type {Clock} from '../src/lib/clock.ts';
import {describeError, ForebayError, toError} from '../src/lib/errors.ts';
import {failpoint} from '../src/program/failpoint.ts';
import type {DrainProgress} from '../src/protocol/drain-progress.ts';
import {
  decodeBatchFrame,
  DRAIN_PROTOCOL_VERSION,
  type BatchFrame,
  type Welcome,
} from '../src/protocol/drain.ts';
import type {DrainShardStatus} from '../src/protocol/status.ts';
import {shardHeaders} from '../src/record/kafka-headers.ts';
import type {Shard} from '../src/record/shard.ts';
import type {Log} from '../src/telemetry/log.ts';
import type {ByteBudget} from './byte-budget.ts';
import type {FrameSource} from './collector.ts';
import {firstReceivedMs, frameRecords, type FrameTarget} from './frame-records.ts';
import type {LinkEnd, LinkEndKind, OpenLink, ShardLink} from './gateway-client.ts';
import {BACKOFF, LINK_PROVEN_MS, MAX_TURN_RECORDS} from './limits.ts';
import {startPosition} from './start-position.ts';
import type {BuiltFrame, ShardShare} from './transaction-batch.ts';

export interface ShardDrainOptions {
  readonly shard: Shard;
  readonly topic: string;
  readonly openLink: OpenLink;
  /** What Kafka holds of this shard. */
  readonly committed: DrainProgress | null;
  /** Received time of a record that an earlier session left uncommitted. */
  readonly waitingSinceMs: number | null;
  /** What the shard may send ahead of what is committed. */
  readonly creditBytes: number;
  /** Shared by all shards of the process. */
  readonly held: ByteBudget;
  readonly onFrame: () => void;
  readonly onError: (error: Error) => void;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: () => number;
}

interface QueuedFrame extends BatchFrame {
  readonly costBytes: number;
}

const BACKOFFS: Readonly<Record<LinkEndKind, Omit<BackoffOptions, 'random'>>> = {
  failed: BACKOFF.link,
  idle: BACKOFF.link,
  superseded: BACKOFF.superseded,
  'rolled-back': BACKOFF.rolledBack,
  refused: BACKOFF.refused,
};

export class ShardDrain implements FrameSource {
  readonly shard: Shard;
  readonly #options: ShardDrainOptions;
  #link: ShardLink | null = null;
  #retry: NodeJS.Timeout | undefined;
  #attempt = 0;
  /** Times in a row that Kafka took nothing of it, and the shard was set back. */
  #refusals = 0;
  #lastComplaint = '';
  #welcomedMs: number | null = null;
  #target: FrameTarget;
  #incarnation = '';
  #receivedSeq: number | null = null;
  #queue: QueuedFrame[] = [];
  /** Of everything queued or taken and not settled. */
  #heldBytes = 0;
  /** Per frame taken and not settled, the received time of its first record. */
  #takenMs: number[] = [];
  /** Received time of the oldest record known to wait in the shard itself; only while there is no link to ask. */
  #waitingSinceMs: number | null;
  #taken: DrainProgress | null;
  #committed: DrainProgress | null;

  constructor(options: ShardDrainOptions) {
    this.#options = options;
    this.shard = options.shard;
    this.#target = {topic: options.topic, partition: options.shard.partition, headers: []};
    this.#taken = options.committed;
    this.#committed = options.committed;
    this.#waitingSinceMs = options.waitingSinceMs;
  }

  open(): void {
    if (!this.#options.held.hasRoomFor(this.#options.creditBytes)) {
      this.#retry = setTimeout(() => this.open(), BACKOFF.link.maxMs);
      return;
    }
    this.#link = this.#options.openLink(this.shard, {
      onWelcome: (welcome) => this.#start(welcome),
      onFrame: (frame) => this.#receive(frame),
      onEnd: (end) => this.#ended(end),
    });
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#link?.close();
    this.#unlink();
    // What was taken is settled no more.
    this.#hold(-this.#heldBytes);
  }

  takeFrame(): BuiltFrame | null {
    const [frame] = this.#queue;
    if (frame === undefined) return null;
    const afterSeq = Math.max(this.#takenSeq(), frame.firstSeq - 1);
    const lastSeq = frame.firstSeq + frame.count - 1;
    try {
      const records = frameRecords(frame, {afterSeq, limit: MAX_TURN_RECORDS}, this.#target);
      const progress = {incarnation: this.#incarnation, seq: afterSeq + records.length};
      this.#taken = progress;
      const {name, stream} = this.shard;
      const built = {shard: name, stream, progress, records};
      if (progress.seq < lastSeq) return {...built, costBytes: 0, isPart: true};
      this.#queue.shift();
      this.#takenMs.push(records[0]!.timestampMs);
      return {...built, costBytes: frame.costBytes};
    } catch (error) {
      this.#link?.close();
      this.#ended({kind: 'failed', error: toError(error)});
      return null;
    }
  }

  /** Kafka has committed this: the shard may forget it, and send as much again. */
  settle(share: ShardShare, position: DrainProgress): void {
    this.#committed = position;
    this.#refusals = 0;
    this.#takenMs.splice(0, share.frames);
    this.#hold(-share.costBytes);
    if (this.#welcomedMs === null) return;
    if (share.costBytes > 0) this.#link?.send({type: 'credit', bytes: share.costBytes});
    this.#trim();
  }

  /**
   * Kafka does not take the shard's next record: what was taken since is forgotten here, and read again after a while.
   * The caller drops what it holds of it.
   */
  setBack(error: Error): void {
    this.close();
    this.#waitingSinceMs = this.#takenMs[0] ?? this.#waitingSinceMs;
    this.#taken = this.#committed;
    this.#takenMs = [];
    this.#attempt = this.#refusals;
    this.#refusals += 1;
    this.#ended({kind: 'refused', error});
  }

  status(): DrainShardStatus {
    return {
      shard: this.shard.name,
      connected: this.#welcomedMs !== null,
      receivedSeq: this.#receivedSeq,
      committedSeq: this.#committed?.seq ?? null,
      deadLetters: this.#committed?.deadLetters ?? 0,
      oldestInFlightMs: this.#takenMs[0] ?? this.#queuedMs() ?? this.#waitingSinceMs,
    };
  }

  #start(welcome: Welcome): void {
    const {log, clock, creditBytes} = this.#options;
    const shard = this.shard.name;
    if (welcome.shard !== shard) throw wrongShard(shard, welcome.shard);
    const {afterSeq, trimmedUnknown, isNewIncarnation} = startPosition(welcome, this.#taken);
    const {incarnation} = welcome;
    if (isNewIncarnation) log.warn('a shard has a new incarnation', {shard, incarnation});
    if (trimmedUnknown !== null) {
      log.warn('progress was lost: continuing where the shard was trimmed', {
        shard,
        ...trimmedUnknown,
      });
    }
    if (this.#lastComplaint !== '') log.info('a shard is connected again', {shard});
    this.#lastComplaint = '';
    this.#incarnation = incarnation;
    this.#target = {...this.#target, headers: shardHeaders(shard, incarnation)};
    this.#receivedSeq = afterSeq;
    this.#taken = {incarnation, seq: afterSeq};
    this.#welcomedMs = clock.nowMs();
    this.#waitingSinceMs = null;
    // What is held of an earlier link still counts; it comes back as credit when it is settled.
    const credit = Math.max(0, creditBytes - this.#heldBytes);
    const version = DRAIN_PROTOCOL_VERSION;
    this.#link?.send({type: 'read', version, incarnation, afterSeq, creditBytes: credit});
    if ((this.#committed?.seq ?? 0) >= welcome.firstSeq) this.#trim();
  }

  #receive(bytes: Uint8Array): void {
    failpoint('fetch');
    const frame = decodeBatchFrame(bytes);
    const received = this.#receivedSeq ?? 0;
    const lastSeq = frame.firstSeq + frame.count - 1;
    if (frame.firstSeq > received + 1) throw hole(this.shard.name, received, frame.firstSeq);
    if (!this.#options.held.hasRoomFor(bytes.byteLength)) throw noRoom(this.shard.name);
    this.#attempt = 0;
    if (lastSeq <= received) {
      this.#link?.send({type: 'credit', bytes: bytes.byteLength});
      return;
    }
    this.#receivedSeq = lastSeq;
    this.#hold(bytes.byteLength);
    this.#queue.push({...frame, costBytes: bytes.byteLength});
    this.#options.onFrame();
  }

  #ended({kind, error}: LinkEnd): void {
    const {clock, random} = this.#options;
    if (this.#welcomedMs !== null && clock.nowMs() - this.#welcomedMs >= LINK_PROVEN_MS)
      this.#attempt = 0;
    this.#unlink();
    if (kind !== 'idle') this.#complain(kind, error);
    const waitMs = backoffMs(this.#attempt, {...BACKOFFS[kind], random});
    this.#attempt += 1;
    this.#retry = setTimeout(() => this.open(), waitMs);
  }

  /** Says a thing once, not with every try. */
  #complain(kind: LinkEndKind, error: Error): void {
    const {log, onError} = this.#options;
    onError(error);
    const complaint = describeError(error);
    if (complaint === this.#lastComplaint) return;
    this.#lastComplaint = complaint;
    const level = kind === 'rolled-back' || kind === 'refused' ? 'error' : 'warn';
    log[level]('a shard is not connected', {shard: this.shard.name, error: complaint});
  }

  #unlink(): void {
    this.#link = null;
    this.#welcomedMs = null;
    this.#waitingSinceMs = this.#queuedMs() ?? this.#waitingSinceMs;
    for (const {costBytes} of this.#queue) this.#hold(-costBytes);
    this.#queue = [];
    this.#receivedSeq = this.#taken?.seq ?? null;
  }

  #queuedMs(): number | null {
    const [frame] = this.#queue;
    return frame === undefined ? null : firstReceivedMs(frame);
  }

  #trim(): void {
    const committed = this.#committed;
    if (committed?.incarnation !== this.#incarnation) return;
    const {incarnation, seq} = committed;
    failpoint('before-trim');
    this.#link?.send({type: 'trim', incarnation, seq});
    failpoint('after-trim');
  }

  #hold(bytes: number): void {
    this.#heldBytes += bytes;
    this.#options.held.add(bytes);
  }

  #takenSeq(): number {
    return this.#taken?.seq ?? 0;
  }
}

function hole(shard: string, receivedSeq: number, firstSeq: number): ForebayError {
  return new ForebayError({
    code: 'DRAIN_HOLE',
    message: `${shard} sent seq ${firstSeq} after seq ${receivedSeq}`,
    hint: 'the shard is read again from the last good record',
    isRetryable: true,
  });
}

function noRoom(shard: string): ForebayError {
  return new ForebayError({
    code: 'DRAIN_NO_ROOM',
    message: `this process holds as much as it may, and a frame of ${shard} is not kept`,
    hint: 'it is read again when Kafka has taken some; if this lasts, run another replica',
    isRetryable: true,
  });
}

function wrongShard(wanted: string, got: string): ForebayError {
  return new ForebayError({
    code: 'DRAIN_WRONG_SHARD',
    message: `asked for ${wanted}, the gateway answered as ${got}`,
    hint: 'gateway and drain must run the same pipeline',
  });
}
