/**
 * The calls between the Worker and the Durable Object `Keys`. Either may run older code for minutes after a deployment:
 * add optional fields, never change what one means.
 *
 * Changes: 1 first version.
 */
import type {KeyQuota} from '../../src/protocol/keys.ts';
import type {AuditOrigin} from '../audit/audit-draft.ts';
import type {StoredKey} from './stored-key.ts';

/** The name of the one object. */
export const KEYS_OBJECT = 'keys';
/** Keys that are neither revoked nor expired; every isolate holds a copy of them. */
export const MAX_LIVE_KEYS = 10_000;
/** Of one answer to `changes`; a key has at most some 10 kB, the platform's limit is 32 MiB. */
export const KEYS_PER_PAGE = 1_000;

/** A key as isolates copy it. */
export interface CopiedKey {
  readonly id: string;
  readonly version: number;
  readonly scopes: readonly string[];
  readonly quota: KeyQuota | null;
  /** None: revoked. */
  readonly secrets: readonly {readonly hash: string; readonly expiresMs: number | null}[];
  readonly expiresMs: number | null;
}

/** What a copy is of. Versions count changes, and only within one incarnation of the registry. */
export interface CopyState {
  readonly incarnation: string;
  readonly version: number;
}

export interface ChangesRequest {
  /** `null`: there is no copy yet. */
  readonly copy: CopyState | null;
  /** Goes on with an answer that had more: its last key's version. */
  readonly afterVersion: number | null;
  /** Keys used since the last report, and in which minute since the epoch. */
  readonly used: readonly (readonly [id: string, minute: number])[];
}

/** Keys that changed after the copy's version, in the order of their versions. */
export interface Changes {
  readonly state: CopyState;
  /** They are all there are: whatever else the copy has is gone. */
  readonly isWhole: boolean;
  readonly keys: readonly CopiedKey[];
  readonly hasMore: boolean;
}

export interface NewKey {
  readonly id: string;
  readonly hash: string;
  readonly environment: string;
  readonly description: string;
  readonly scopes: readonly string[];
  readonly quota: KeyQuota | null;
  readonly expiresMs: number | null;
}

export interface CreateCall {
  readonly key: NewKey;
  readonly origin: AuditOrigin;
}

export interface RotateCall {
  readonly id: string;
  readonly hash: string;
  readonly overlapMs: number;
  readonly origin: AuditOrigin;
}

export interface RevokeCall {
  readonly id: string;
  /** There is an admin key in FOREBAY_KEYS, so nobody can be locked out. */
  readonly hasOtherAdmin: boolean;
  readonly origin: AuditOrigin;
}

export interface ListedKey {
  readonly key: StoredKey;
  readonly lastUsedMs: number | null;
}

export interface KeyPage {
  readonly keys: readonly ListedKey[];
  /** For the next page; `null` on the last. */
  readonly afterRow: number | null;
}

/** `audit-full`: the records of earlier changes cannot leave, so no change is taken. */
export type Refusal = 'unknown' | 'exists' | 'too-many' | 'not-live' | 'last-admin' | 'audit-full';

export type Changed =
  | {readonly kind: 'changed'; readonly listed: ListedKey; readonly copied: CopiedKey}
  | {readonly kind: 'refused'; readonly reason: Refusal};
