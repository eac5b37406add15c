/**
 * A shard: the Durable Object that holds the records of one Kafka partition until Kafka has them. What it promises is in
 * shard-log.ts and ../overflow/waiting-line.ts; this file gives it its entrances: `append` from the Worker and the calls
 * about what it has no room for, the drain's WebSocket, the alarm.
 */
import {DurableObject} from 'cloudflare:workers';
import type {Pipeline} from '../../src/define/pipeline.ts';
import {must} from '../../src/lib/assert.ts';
import {describeError} from '../../src/lib/errors.ts';
import {systemClock} from '../../src/lib/clock.ts';
import type {ShardStatus} from '../../src/protocol/status.ts';
import {jsonLog} from '../../src/telemetry/log.ts';
import type {Log} from '../../src/telemetry/log.ts';
import {ShardSocket} from '../drain-api/shard-socket.ts';
import type {
  ConfirmRequest,
  ConfirmResult,
  OverflowPart,
  ReserveRequest,
  ReserveResult,
  TakeVerdict,
  Ticket,
} from '../overflow/overflow-protocol.ts';
import {WaitingLine} from '../overflow/waiting-line.ts';
import type {AppendRequest, AppendResult} from './append-protocol.ts';
import {GroupCommit} from './group-commit.ts';
import {SEED_BYTES} from './keyed-hash.ts';
import {ShardLog} from './shard-log.ts';
import {shardLimits} from './shard-limits.ts';

/** Bytes of one transaction. */
const MAX_COMMIT_BYTES = 16_000_000;
/** Bytes that wait for their commit; memory is 128 MB, shared with other shards. */
const MAX_WAITING_BYTES = 32_000_000;
/** After the alarm failed. */
const ALARM_RETRY_MS = 60_000;

export class ShardObject extends DurableObject {
  readonly #name: string;
  readonly #log: ShardLog;
  readonly #line: WaitingLine;
  readonly #socket: ShardSocket;
  readonly #commits: GroupCommit<AppendRequest, AppendResult>;
  readonly #logger: Log;
  #isFull = false;

  constructor(
    ctx: DurableObjectState,
    env: Cloudflare.Env,
    pipeline: Pick<Pipeline, 'name' | 'streams'>,
  ) {
    super(ctx, env);
    this.#name = must(ctx.id.name, 'a shard is reached by its name');
    // oxlint-disable-next-line no-console -- the platform's log
    this.#logger = jsonLog('gateway', systemClock, (line) => console.log(line));
    const {order, ...limits} = shardLimits(pipeline, this.#name);
    const log = new ShardLog({
      ...limits,
      storage: ctx.storage,
      nowMs: () => Date.now(),
      newIncarnation: () => crypto.randomUUID(),
      newSeed: () => crypto.getRandomValues(new Uint8Array(SEED_BYTES)),
      onForgottenEarly: (ids) =>
        this.#logger.warn('A shard has more ids than dedupeMaxIds and forgot the oldest early', {
          shard: this.#name,
          ids,
        }),
    });
    this.#log = log;
    this.#line = new WaitingLine({
      storage: ctx.storage,
      log,
      order,
      nowMs: () => Date.now(),
      onMissed: (ticket) =>
        this.#logger.error('Messages of the overflow queue did not come; newer records go on', {
          shard: this.#name,
          ...ticket,
        }),
    });
    this.#socket = new ShardSocket({ctx, log, shard: this.#name});
    this.#commits = new GroupCommit({
      commit: (requests) => this.#noteFull(this.#line.append(requests)),
      sync: () => ctx.storage.sync(),
      onDurable: () => {
        this.#socket.push();
        // What fails here the alarm tries again.
        if (this.#line.hasHere) ctx.waitUntil(this.#advance().catch(() => undefined));
      },
      onBroken: (error) =>
        ctx.abort(`the shard's memory is ahead of its storage: ${describeError(error)}`),
      sizeOf: bytesOf,
      maxCommitBytes: MAX_COMMIT_BYTES,
    });
  }

  /** Durable when it returns. Rejects when nothing is known to be stored. */
  append(request: AppendRequest): Promise<AppendResult> | AppendResult {
    if (this.#commits.waitingBytes + bytesOf(request) > MAX_WAITING_BYTES)
      return {kind: 'full', bound: 'queue'};
    return this.#commits.submit(request);
  }

  /** A place behind the records that wait, for some that had no room. */
  async reserveOverflow(request: ReserveRequest): Promise<ReserveResult> {
    const result = this.#line.reserve(request);
    await this.#schedule();
    return result;
  }

  confirmOverflow(request: ConfirmRequest): ConfirmResult {
    return this.#line.confirm(request);
  }

  /** What it held up goes on. */
  async cancelOverflow(ticket: Ticket): Promise<void> {
    this.#line.cancel(ticket);
    if (this.#line.hasHere) await this.#advance();
  }

  /** What the queue delivered. The verdicts are durable when it returns. */
  async takeOverflow(parts: readonly OverflowPart[]): Promise<readonly TakeVerdict[]> {
    const verdicts = this.#line.take(parts);
    await this.#advance();
    return verdicts;
  }

  status(): ShardStatus {
    const log = this.#log;
    return {
      shard: this.#name,
      firstSeq: log.firstSeq,
      nextSeq: log.nextSeq,
      records: log.records,
      bytes: log.bytes,
      oldestAgeMs: log.oldestAgeMs,
      drainConnected: this.#socket.isConnected,
      rejectedKept: this.#name.includes('.rejected/') ? log.records : 0,
      overflowed: this.#line.records,
      seenIds: log.seenIds,
      idsForgottenEarly: log.idsForgottenEarly,
    };
  }

  /** Says once that the shard is full, and once that it is not any more. */
  #noteFull(results: readonly AppendResult[]): readonly AppendResult[] {
    const full = results.find((result) => result.kind === 'full');
    if ((full !== undefined) === this.#isFull) return results;
    this.#isFull = full !== undefined;
    const {records, bytes, oldestAgeMs} = this.#log;
    const fields = {shard: this.#name, bound: full?.bound, records, bytes, oldestAgeMs};
    if (this.#isFull) this.#logger.error('A shard is full; its senders are told to wait', fields);
    else this.#logger.info('A shard has room again', fields);
    return results;
  }

  /** The drain's connection; the Worker has checked its key. */
  override fetch(): Response {
    return this.#socket.accept();
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    await this.#socket.receive(socket, message);
    if (this.#line.hasHere) await this.#advance();
    else await this.#schedule();
  }

  override webSocketClose(socket: WebSocket): void {
    this.#socket.forget(socket);
  }

  override webSocketError(socket: WebSocket): void {
    this.#socket.forget(socket);
  }

  /** Forgets ids, and looks after what waits. The platform gives up on an alarm that throws, so it never does. */
  override async alarm(): Promise<void> {
    let nextMs: number | null = Date.now() + ALARM_RETRY_MS;
    try {
      const forgetMs = this.#log.forgetSeen();
      this.#line.tidy();
      await this.#letIn();
      nextMs = earlier(forgetMs, this.#line.nextDueMs());
    } catch (error) {
      this.#logger.error('The alarm of a shard failed; it will try again', {
        shard: this.#name,
        error: describeError(error),
      });
    }
    if (nextMs !== null) await this.ctx.storage.setAlarm(nextMs);
  }

  /** After something left the log or the line moved. */
  async #advance(): Promise<void> {
    await this.#letIn();
    await this.#schedule();
  }

  /** From the line into the log, in bounded steps, so that appends go on in between. */
  async #letIn(): Promise<void> {
    while (this.#line.absorb()) await this.ctx.storage.sync();
    await this.ctx.storage.sync();
    this.#socket.push();
  }

  /** An alarm that is set already is only ever moved nearer: moving it away on each trim could starve it. */
  async #schedule(): Promise<void> {
    const nextMs = earlier(this.#log.nextExpiryMs(), this.#line.nextDueMs());
    if (nextMs === null) return;
    const setMs = await this.ctx.storage.getAlarm();
    if (setMs === null || nextMs < setMs) await this.ctx.storage.setAlarm(nextMs);
  }
}

function earlier(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}

function bytesOf({batches}: AppendRequest): number {
  return batches.reduce((total, {bytes}) => total + bytes.byteLength, 0);
}
