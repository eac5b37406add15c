/**
 * A shard: the Durable Object that holds the records of one Kafka partition until Kafka has them. What it promises is in
 * shard-log.ts; this file gives it its three entrances: `append` from the Worker, the drain's WebSocket, the alarm.
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
import type {AppendRequest, AppendResult} from './append-protocol.ts';
import {GroupCommit} from './group-commit.ts';
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
  readonly #socket: ShardSocket;
  readonly #commits: GroupCommit<AppendRequest, AppendResult>;
  readonly #logger: Log;
  #isFull = false;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env, pipeline: Pick<Pipeline, 'streams'>) {
    super(ctx, env);
    this.#name = must(ctx.id.name, 'a shard is reached by its name');
    // oxlint-disable-next-line no-console -- the platform's log
    this.#logger = jsonLog('gateway', systemClock, (line) => console.log(line));
    const log = new ShardLog({
      ...shardLimits(pipeline, this.#name),
      storage: ctx.storage,
      nowMs: () => Date.now(),
      newIncarnation: () => crypto.randomUUID(),
    });
    this.#log = log;
    this.#socket = new ShardSocket({ctx, log, shard: this.#name});
    this.#commits = new GroupCommit({
      commit: (requests) => this.#noteFull(log.append(requests)),
      sync: () => ctx.storage.sync(),
      onDurable: () => this.#socket.push(),
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
      overflowed: 0,
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
    await this.#scheduleForgetting();
  }

  override webSocketClose(socket: WebSocket): void {
    this.#socket.forget(socket);
  }

  override webSocketError(socket: WebSocket): void {
    this.#socket.forget(socket);
  }

  /** Forgets ids. The platform gives up on an alarm that throws, so it never does. */
  override async alarm(): Promise<void> {
    let nextMs: number | null = Date.now() + ALARM_RETRY_MS;
    try {
      nextMs = this.#log.forgetSeen();
    } catch (error) {
      this.#logger.error('A shard could not forget old ids; it will try again', {
        shard: this.#name,
        error: describeError(error),
      });
    }
    if (nextMs !== null) await this.ctx.storage.setAlarm(nextMs);
  }

  /** An alarm that is set already is never moved: moving it on each trim could starve it. */
  async #scheduleForgetting(): Promise<void> {
    const nextMs = this.#log.nextExpiryMs();
    if (nextMs === null) return;
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(nextMs);
  }
}

function bytesOf({batches}: AppendRequest): number {
  return batches.reduce((total, {bytes}) => total + bytes.byteLength, 0);
}
