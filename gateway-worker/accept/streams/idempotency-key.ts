import {Problem, retryAfter} from '../../answer/problem.ts';
import {IDEMPOTENCY_PARTITIONS} from '../../buffer/idempotency-object.ts';
import type {RequestScope} from '../../request-scope.ts';
import {MAX_ID_CHARS, RETRY_AFTER_S} from '../../limits.ts';
import {toError} from '../../../src/lib/errors.ts';
import {hashId} from '../event-ids.ts';
import {EXPIRED} from '../../deadline.ts';

const PRINTABLE = /^[\x20-\x7e]+$/;
const FINGERPRINT_BYTES = 6;

/**
 * The key of a request: a quoted string (RFC 9651 §3.3.3), or bare, as many clients send it. `null` without the header.
 * @throws Problem `invalid-idempotency-key`
 */
export function idempotencyKeyOf(header: string | null): string | null {
  if (header === null) return null;
  const text = header.trim();
  const isQuoted = text.length >= 2 && text.startsWith('"') && text.endsWith('"');
  const key = isQuoted ? text.slice(1, -1).replaceAll(/\\(["\\])/g, '$1') : text;
  if (PRINTABLE.test(key) && key.length <= MAX_ID_CHARS) return key;
  throw new Problem(
    'invalid-idempotency-key',
    `an Idempotency-Key has 1 to ${MAX_ID_CHARS} printable ASCII characters`,
  );
}

export interface ClaimOptions {
  readonly stream: string;
  /** Senders choose their Idempotency-Keys without knowing of each other. */
  readonly sender: string;
  readonly key: string;
  readonly body: Uint8Array;
}

/**
 * Claims a key for this body.
 * @returns a function to call when the request has ended
 * @throws Problem when the key came with another body, is in flight, or cannot be claimed now
 */
export async function claimKey(
  {stream, sender, key, body}: ClaimOptions,
  {env, deadline, waitUntil}: RequestScope,
): Promise<() => void> {
  const keyHash = await hashId(JSON.stringify([stream, sender, key]));
  const partition = keyHash[0]! % IDEMPOTENCY_PARTITIONS;
  const stub = env.IDEMPOTENCY.getByName(`${stream}/${partition}`);
  const claim = {keyHash, fingerprint: await fingerprintOf(body)};
  const result = await deadline.race(stub.claim(claim).catch((error: unknown) => toError(error)));
  if (result === 'mismatch') {
    throw new Problem(
      'idempotency-key-reused',
      'use a new Idempotency-Key for another body, and the same one only to repeat a request',
    );
  }
  if (result === 'in-flight') {
    throw new Problem('idempotency-key-in-flight', 'wait for the answer to the first request', {
      headers: retryAfter(RETRY_AFTER_S),
    });
  }
  if (result === EXPIRED || result instanceof Error) {
    throw new Problem('unavailable', 'nothing of this request was stored; send it again', {
      headers: retryAfter(RETRY_AFTER_S),
    });
  }
  return () => waitUntil(stub.release(keyHash).catch(() => undefined));
}

async function fingerprintOf(body: Uint8Array): Promise<number> {
  const digest = await crypto.subtle.digest('SHA-256', body);
  return new Uint8Array(digest, 0, FINGERPRINT_BYTES).reduce((sum, byte) => sum * 256 + byte, 0);
}
