/**
 * An isolate's copy of the revoked devices. A revocation works REVOKED_WITHIN_MS after its administrator was answered, at
 * the latest. Only when the list cannot be read at all an older copy is believed, for MAX_STALE_MS; then no token is.
 */
import {describeError} from '../../../src/lib/errors.ts';
import {withTimeout} from '../../../src/lib/with-timeout.ts';
import type {Log} from '../../../src/telemetry/log.ts';
import {Problem, retryAfter} from '../../answer/problem.ts';
import {RETRY_AFTER_S} from '../../limits.ts';
import type {RequestScope} from '../../request-scope.ts';
import {MAX_REVOCATIONS, REVOCATIONS_NAME, REVOCATIONS_PAGE} from './revocations-object.ts';
import type {RevocationsPosition} from './revocations-object.ts';

/** A copy older than that is read again while it is used. */
const FRESH_MS = 5_000;
/** A copy older than that is read again before it is used. */
export const REVOKED_WITHIN_MS = 10_000;
export const MAX_STALE_MS = 60_000;
/** Between two questions. */
const RETRY_MS = 1_000;
/** Of one page. */
const READ_TIMEOUT_MS = 2_000;
/** After that a question is believed to have died with the request that asked it. */
const STUCK_MS = 5_000;
/** As many as there can be, and one for changes that come in between. */
const MAX_PAGES = Math.ceil(MAX_REVOCATIONS / REVOCATIONS_PAGE) + 1;

export interface DeviceRevocationsOptions {
  readonly nowMs: () => number;
  readonly log: Log;
}

export class DeviceRevocations {
  readonly #options: DeviceRevocationsOptions;
  #position: RevocationsPosition = {edition: -1, seq: 0};
  /** Device → tokens issued before that are not good; `null`: none is. */
  #revoked: Map<string, number | null> = new Map();
  #readMs = Number.NEGATIVE_INFINITY;
  #triedMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | null = null;

  constructor(options: DeviceRevocationsOptions) {
    this.#options = options;
  }

  /** @throws Problem `unavailable` (or rejects with it) when the list could not be read for too long */
  isRevoked(
    {device, issuedMs}: {readonly device: string; readonly issuedMs: number},
    scope: RequestScope,
  ): boolean | Promise<boolean> {
    // A clock that was set back must not make a copy young for as long.
    const ageMs = Math.abs(this.#options.nowMs() - this.#readMs);
    if (ageMs > FRESH_MS) this.#startReading(scope);
    if (ageMs > REVOKED_WITHIN_MS && this.#reading !== null)
      return scope.deadline.race(this.#reading).then(() => this.#lookUp(device, issuedMs));
    return this.#lookUp(device, issuedMs);
  }

  #lookUp(device: string, issuedMs: number): boolean {
    if (this.#options.nowMs() - this.#readMs > MAX_STALE_MS) {
      throw new Problem('unavailable', 'whether this device is revoked cannot be told now', {
        headers: retryAfter(RETRY_AFTER_S),
      });
    }
    const beforeMs = this.#revoked.get(device);
    return beforeMs !== undefined && (beforeMs === null || issuedMs < beforeMs);
  }

  /** One at a time; one whose request was cut off is given up. */
  #startReading(scope: RequestScope): void {
    const nowMs = this.#options.nowMs();
    const isStuck = nowMs - this.#triedMs > STUCK_MS;
    if ((this.#reading !== null && !isStuck) || nowMs - this.#triedMs < RETRY_MS) return;
    this.#triedMs = nowMs;
    const reading = this.#read(scope).finally(() => {
      if (this.#reading === reading) this.#reading = null;
    });
    this.#reading = reading;
    scope.waitUntil(reading);
  }

  /** Never rejects: what it could not read shows in #readMs. */
  async #read(scope: RequestScope): Promise<void> {
    const startMs = this.#options.nowMs();
    let position = this.#position;
    let revoked = this.#revoked;
    try {
      for (let pages = 0; pages < MAX_PAGES; pages += 1) {
        const stub = scope.env.DEVICE_REVOCATIONS.getByName(REVOCATIONS_NAME);
        const changes = await withTimeout(stub.changesSince(position), {
          what: 'a page of revocations',
          timeoutMs: READ_TIMEOUT_MS,
        });
        if (changes.isAnew) revoked = new Map();
        for (const {device, issuedBeforeMs} of changes.revocations)
          revoked.set(device, issuedBeforeMs);
        position = {edition: changes.edition, seq: changes.seq};
        if (changes.hasMore) continue;
        // Only a whole copy takes the place of one, and no older one that was slow.
        if (startMs < this.#readMs) return;
        this.#position = position;
        this.#revoked = revoked;
        this.#readMs = startMs;
        return;
      }
    } catch (error) {
      this.#options.log.warn('The revoked devices could not be read', {
        error: describeError(error),
      });
    }
  }
}
