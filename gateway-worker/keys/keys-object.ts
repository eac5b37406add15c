/**
 * `Keys`: the one Durable Object that has the API keys and the audit chain. It is asked by isolates that bring their
 * copies up to date and by administrators, never on behalf of a single event.
 */
import {DurableObject} from 'cloudflare:workers';
import type {Pipeline} from '../../src/define/pipeline.ts';
import {backoffMs} from '../../src/lib/backoff.ts';
import {systemClock} from '../../src/lib/clock.ts';
import {describeError} from '../../src/lib/errors.ts';
import {withTimeout} from '../../src/lib/with-timeout.ts';
import {auditShardOf} from '../../src/record/shard.ts';
import {jsonLog} from '../../src/telemetry/log.ts';
import type {Log} from '../../src/telemetry/log.ts';
import type {AuditDraft} from '../audit/audit-draft.ts';
import {AuditLog} from '../audit/audit-log.ts';
import {deliverAudits} from '../audit/deliver-audits.ts';
import type {
  Changed,
  Changes,
  ChangesRequest,
  CreateCall,
  KeyPage,
  ListedKey,
  RevokeCall,
  RotateCall,
} from './keys-protocol.ts';
import {KeyRegistry} from './key-registry.ts';
import type {Audit} from './key-registry.ts';
import {keysStatements} from './keys-sql.ts';

/** Between attempts to bring audit records to their shard; there is no last one. */
const DELIVERY = {firstMs: 1_000, maxMs: 60_000} as const;
/** Of one call to the audit shard. */
const DELIVERY_TIMEOUT_MS = 30_000;

export interface AuditPage {
  /** The records' texts. */
  readonly records: readonly string[];
  readonly newestSeq: number;
}

export class KeysObject extends DurableObject {
  readonly #auditShard: string;
  readonly #audits: AuditLog;
  readonly #registry: KeyRegistry;
  readonly #logger: Log;
  /** One delivery at a time. */
  #delivering: Promise<void> | null = null;
  #failures = 0;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env, pipeline: Pick<Pipeline, 'name'>) {
    super(ctx, env);
    this.#auditShard = auditShardOf(pipeline).name;
    // oxlint-disable-next-line no-console -- the platform's log
    this.#logger = jsonLog('gateway', systemClock, (line) => console.log(line));
    const {storage} = ctx;
    this.#audits = new AuditLog({storage, nowMs, newChain: randomId});
    this.#registry = new KeyRegistry(keysStatements(storage.sql), {
      nowMs,
      newIncarnation: randomId,
    });
    if (this.#audits.hasWaiting) ctx.waitUntil(this.#ensureAlarm());
  }

  /** What is new to a copy; takes its report of used keys. */
  changes(request: ChangesRequest): Changes {
    this.#registry.noteUses(request.used);
    return this.#registry.changes(request);
  }

  create(call: CreateCall): Promise<Changed> {
    return this.#change((audit) => this.#registry.create(call, audit));
  }

  rotate(call: RotateCall): Promise<Changed> {
    return this.#change((audit) => this.#registry.rotate(call, audit));
  }

  revoke(call: RevokeCall): Promise<Changed> {
    return this.#change((audit) => this.#registry.revoke(call, audit));
  }

  find(id: string): ListedKey | null {
    return this.#registry.find(id);
  }

  page(afterRow: number, limit: number): KeyPage {
    return this.#registry.page(afterRow, limit);
  }

  /** A deed of another part of the gateway; `false`: nothing is recorded, so it must not be done. */
  async audit(draft: AuditDraft): Promise<boolean> {
    if (this.#audits.isFull) return false;
    await this.#audits.change((audit) => audit(draft));
    this.#deliverSoon();
    return true;
  }

  auditsAfter(seq: number, limit: number): AuditPage {
    return {records: this.#audits.after(seq, limit), newestSeq: this.#audits.newestSeq};
  }

  /** The platform gives up on an alarm that throws, so it never does. */
  override async alarm(): Promise<void> {
    await this.#deliver();
    if (!this.#audits.hasWaiting) return;
    const waitMs = backoffMs(this.#failures, {...DELIVERY, random: Math.random});
    await this.ctx.storage.setAlarm(Date.now() + waitMs);
  }

  async #change(change: (audit: Audit) => Changed): Promise<Changed> {
    if (this.#audits.isFull) return {kind: 'refused', reason: 'audit-full'};
    const result = await this.#audits.change(change);
    this.#deliverSoon();
    return result;
  }

  /** The alarm is for when this object dies on the way. It is in one transaction with what was just written. */
  #deliverSoon(): void {
    if (!this.#audits.hasWaiting) return;
    this.ctx.waitUntil(this.ctx.storage.setAlarm(Date.now() + DELIVERY.firstMs));
    this.ctx.waitUntil(this.#deliver());
  }

  #deliver(): Promise<void> {
    this.#delivering ??= this.#deliverAll().finally(() => {
      this.#delivering = null;
    });
    return this.#delivering;
  }

  /** Never rejects. */
  async #deliverAll(): Promise<void> {
    try {
      const isDone = await deliverAudits({
        log: this.#audits,
        nowMs,
        append: (request) =>
          // A stub that failed once may be broken for good, so each call gets its own.
          withTimeout(this.env.SHARD.getByName(this.#auditShard).append(request), {
            what: 'an append to the audit shard',
            timeoutMs: DELIVERY_TIMEOUT_MS,
          }),
      });
      this.#failures = isDone ? 0 : this.#failures + 1;
      if (isDone) return;
      this.#logger.warn('The audit shard is full; its records wait', {shard: this.#auditShard});
    } catch (error) {
      this.#failures += 1;
      this.#logger.warn('Audit records could not be brought to their shard; they are sent again', {
        shard: this.#auditShard,
        error: describeError(error),
      });
    }
  }

  async #ensureAlarm(): Promise<void> {
    if ((await this.ctx.storage.getAlarm()) === null)
      await this.ctx.storage.setAlarm(Date.now() + DELIVERY.firstMs);
  }
}

function randomId(): string {
  return crypto.randomUUID();
}

function nowMs(): number {
  return systemClock.nowMs();
}
