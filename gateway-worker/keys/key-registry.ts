/**
 * The API keys of a gateway, and how copies of them are brought up to date.
 *
 * Invariants
 *  1. A version belongs to one change. A copy of a version that gets all keys with a higher one is the registry's
 *     newest state, unless rows were dropped that it may hold; then it gets all there are.
 *  2. Changes are made in the transaction of their audit record (see AuditLog.change).
 *  3. Only hashes are stored.
 */
import {must} from '../../src/lib/assert.ts';
import type {KeyRow, KeysStatements} from './keys-sql.ts';
import {KEYS_PER_PAGE, MAX_LIVE_KEYS} from './keys-protocol.ts';
import type {
  Changed,
  Changes,
  ChangesRequest,
  CopiedKey,
  CreateCall,
  KeyPage,
  ListedKey,
  Refusal,
  RevokeCall,
  RotateCall,
} from './keys-protocol.ts';
import {isLive, keyView, revoked, rotated} from './stored-key.ts';
import type {StoredKey} from './stored-key.ts';
import type {AuditDeed, AuditDraft, AuditOrigin} from '../audit/audit-draft.ts';

/** Revoked and expired keys that are still listed; the audit topic knows of all. */
const ENDED_KEYS_KEPT = 10_000;
const MINUTE_MS = 60_000;

export type Audit = (draft: AuditDraft) => void;

interface Applied {
  readonly listed: ListedKey;
  readonly copied: CopiedKey;
}

interface Deed {
  readonly origin: AuditOrigin;
  readonly action: string;
  readonly before: ListedKey | null;
  readonly after: StoredKey;
}

export class KeyRegistry {
  readonly #statements: KeysStatements;
  readonly #nowMs: () => number;

  constructor(statements: KeysStatements, options: RegistryOptions) {
    this.#statements = statements;
    this.#nowMs = options.nowMs;
    if (statements.meta() === undefined) statements.insertMeta(options.newIncarnation());
  }

  create({key, origin}: CreateCall, audit: Audit): Changed {
    const nowMs = this.#nowMs();
    if (this.#find(key.id) !== null) return refused('exists');
    if (this.#statements.liveCount(nowMs) >= MAX_LIVE_KEYS) return refused('too-many');
    const {hash, ...described} = key;
    const after: StoredKey = {
      ...described,
      secrets: [{hash, createdMs: nowMs, expiresMs: null}],
      createdMs: nowMs,
      createdBy: origin.actor,
      revokedMs: null,
    };
    return changed(this.#apply({origin, action: 'key.create', before: null, after}, audit));
  }

  rotate({id, hash, overlapMs, origin}: RotateCall, audit: Audit): Changed {
    const nowMs = this.#nowMs();
    const before = this.#find(id);
    if (before === null) return refused('unknown');
    if (!isLive(before.key, nowMs)) return refused('not-live');
    const after = rotated(before.key, {hash, overlapMs, nowMs});
    return changed(this.#apply({origin, action: 'key.rotate', before, after}, audit));
  }

  /** A key that is revoked already stays as it is. */
  revoke({id, hasOtherAdmin, origin}: RevokeCall, audit: Audit): Changed {
    const nowMs = this.#nowMs();
    const before = this.#find(id);
    if (before === null) return refused('unknown');
    const {key} = before;
    if (key.revokedMs !== null) {
      const version = must(this.#statements.byId(id), 'the key was found').version;
      return changed({listed: before, copied: copyOf(key, version)});
    }
    const isLastAdmin =
      key.scopes.includes('admin') &&
      isLive(key, nowMs) &&
      !hasOtherAdmin &&
      this.#statements.otherAdmins(id, nowMs) === 0;
    if (isLastAdmin) return refused('last-admin');
    const after = revoked(key, nowMs);
    return changed(this.#apply({origin, action: 'key.revoke', before, after}, audit));
  }

  find(id: string): ListedKey | null {
    return this.#find(id);
  }

  page(afterRow: number, limit: number): KeyPage {
    const rows = this.#statements.page(afterRow, limit + 1);
    const last = rows.length > limit ? rows[limit - 1]! : undefined;
    return {keys: rows.slice(0, limit).map(listedOf), afterRow: last?.row_id ?? null};
  }

  changes({copy, afterVersion}: ChangesRequest): Changes {
    const {incarnation, version, dropped_version: droppedVersion} = this.#meta();
    const isWhole =
      copy === null ||
      copy.incarnation !== incarnation ||
      copy.version > version ||
      copy.version < droppedVersion;
    const from = afterVersion ?? (isWhole ? 0 : copy.version);
    const rows = this.#statements.changedAfter(from, KEYS_PER_PAGE);
    return {
      state: {incarnation, version},
      isWhole,
      keys: rows.map((row) => copyOf(storedOf(row), row.version)),
      hasMore: rows.length === KEYS_PER_PAGE,
    };
  }

  /** Ids that are no keys are passed over. */
  noteUses(used: ChangesRequest['used']): void {
    for (const [id, minute] of used.slice(0, MAX_LIVE_KEYS)) this.#statements.noteUse(id, minute);
  }

  #find(id: string): ListedKey | null {
    const row = this.#statements.byId(id);
    return row === undefined ? null : listedOf(row);
  }

  #apply({origin, action, before, after}: Deed, audit: Audit): Applied {
    const version = this.#meta().version + 1;
    const {id, revokedMs, expiresMs} = after;
    const fields = {
      id,
      version,
      key: JSON.stringify(after),
      isAdmin: after.scopes.includes('admin'),
      endMs: revokedMs ?? expiresMs,
    };
    if (before === null) this.#statements.insert(fields);
    else this.#statements.update(fields);
    this.#statements.setVersion(version);
    const nowMs = this.#nowMs();
    this.#statements.dropEnded(nowMs, ENDED_KEYS_KEPT);
    const lastUsedMs = before?.lastUsedMs ?? null;
    const deed: AuditDeed = {
      action,
      target: `key ${id}`,
      before: before === null ? null : keyView(before.key, {nowMs, lastUsedMs}),
      after: keyView(after, {nowMs, lastUsedMs}),
    };
    audit({...origin, ...deed});
    return {listed: {key: after, lastUsedMs}, copied: copyOf(after, version)};
  }

  #meta() {
    return must(this.#statements.meta(), 'the meta row is there');
  }
}

export interface RegistryOptions {
  readonly nowMs: () => number;
  readonly newIncarnation: () => string;
}

function changed(applied: Applied): Changed {
  return {kind: 'changed', ...applied};
}

function refused(reason: Refusal): Changed {
  return {kind: 'refused', reason};
}

function storedOf({key}: KeyRow): StoredKey {
  return JSON.parse(key) as StoredKey;
}

function listedOf(row: KeyRow): ListedKey {
  const {last_used_minute: minute} = row;
  return {key: storedOf(row), lastUsedMs: minute === null ? null : minute * MINUTE_MS};
}

function copyOf({id, scopes, quota, secrets, expiresMs}: StoredKey, version: number): CopiedKey {
  return {
    id,
    version,
    scopes,
    quota,
    secrets: secrets.map(({hash, expiresMs}) => ({hash, expiresMs})),
    expiresMs,
  };
}
