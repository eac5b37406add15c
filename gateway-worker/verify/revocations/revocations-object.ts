/**
 * The devices whose tokens are not good any more, for all isolates. Each isolate keeps a copy and asks every few seconds
 * what has changed since the last time, which is next to nothing; device-revocations.ts says how old a copy may be.
 *
 * Invariant: a revocation is durable before its administrator is answered, and is in every copy that is read after that.
 */
import {DurableObject} from 'cloudflare:workers';
import {revocationStatements} from './revocations-sql.ts';
import type {RevocationRow, RevocationStatements} from './revocations-sql.ts';

/** There is one for all devices. */
export const REVOCATIONS_NAME = 'all';
/** Isolates hold all of them in memory. To revoke more devices than that, change their secret. */
export const MAX_REVOCATIONS = 50_000;
/** Of one answer. */
export const REVOCATIONS_PAGE = 5_000;

export interface Revocation {
  readonly device: string;
  /** Milliseconds since the epoch; `null`: all its tokens, whenever they were issued. */
  readonly issuedBeforeMs: number | null;
  readonly revokedMs: number;
}

/** How far a copy has read. */
export interface RevocationsPosition {
  readonly edition: number;
  readonly seq: number;
}

export interface RevocationChanges extends RevocationsPosition {
  /** The copy starts anew with these. */
  readonly isAnew: boolean;
  readonly revocations: readonly Revocation[];
  readonly hasMore: boolean;
}

export class RevocationsObject extends DurableObject {
  readonly #statements: RevocationStatements;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    this.#statements = revocationStatements(ctx.storage.sql);
  }

  changesSince(position: RevocationsPosition): RevocationChanges {
    const edition = this.#statements.edition();
    const isAnew = position.edition !== edition;
    const rows = this.#statements.after(isAnew ? 0 : position.seq, REVOCATIONS_PAGE);
    return {
      edition,
      isAnew,
      seq: rows.at(-1)?.seq ?? (isAnew ? 0 : position.seq),
      revocations: rows.map(revocationOf),
      hasMore: rows.length === REVOCATIONS_PAGE,
    };
  }

  /** Of two revocations of one device the stricter holds. */
  revoke({device, issuedBeforeMs, revokedMs}: Revocation): Revocation | 'full' {
    const statements = this.#statements;
    const before = statements.of(device);
    if (before === null && statements.count() >= MAX_REVOCATIONS) return 'full';
    const kept = before === null ? issuedBeforeMs : later(before.issued_before_ms, issuedBeforeMs);
    statements.put(device, kept, revokedMs, statements.lastSeq() + 1);
    return {device, issuedBeforeMs: kept, revokedMs};
  }

  /** @returns whether it was revoked */
  restore(device: string): boolean {
    return this.ctx.storage.transactionSync(() => {
      if (!this.#statements.remove(device)) return false;
      this.#statements.nextEdition();
      return true;
    });
  }

  /** By the devices' names. */
  list({after, limit}: {readonly after: string; readonly limit: number}): readonly Revocation[] {
    return this.#statements.byDevice(after, Math.min(limit, REVOCATIONS_PAGE)).map(revocationOf);
  }
}

/** `null` is after everything. */
function later(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : Math.max(a, b);
}

function revocationOf(row: RevocationRow): Revocation {
  return {
    device: row.device,
    issuedBeforeMs: row.issued_before_ms,
    revokedMs: row.revoked_ms,
  };
}
