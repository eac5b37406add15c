/**
 * How an owner knows that it has read all that was committed before its fence.
 *
 * Asking for the end of the log is not enough: a broker that was frozen while it was deposed may answer with the end it
 * knew, and a commit whose outcome nobody learned lies behind it. So the new owner, once it has fenced the old one, commits a record of its
 * own to the partition and reads until it meets it. Only the partition's real leader can have taken it, and what was
 * committed before the fence lies in front of it.
 *
 * The record is a tombstone, so it has no meaning to a reader that does not look for it, and compaction removes it.
 */
import {fromUtf8, utf8} from '../lib/bytes.ts';
import {ForebayError} from '../lib/errors.ts';
import type {FencedProducer, IncomingRecord, OutgoingRecord} from './ports.ts';

const MARK_HEADER = 'forebay_restore';
const COMMIT_DEADLINE_MS = 10_000;

export interface RestoreMarkOptions {
  readonly topic: string;
  readonly partition: number;
  /** Of the tombstone: one that means nothing in this topic. */
  readonly key: Uint8Array;
  /** New for every restore. */
  readonly id: string;
  readonly nowMs: number;
}

/** What else is committed with the mark, in front of it. */
interface Alongside {
  readonly alongside?: readonly OutgoingRecord[];
}

export function restoreMark({id, nowMs, ...place}: RestoreMarkOptions): OutgoingRecord {
  return {...place, value: null, headers: [[MARK_HEADER, utf8(id)]], timestampMs: nowMs};
}

/** @throws ForebayError `KAFKA_NO_RESTORE_MARK`: it may or may not be there, and the producer is not to be used again. */
export async function commitRestoreMark(
  producer: FencedProducer,
  {alongside = [], ...options}: RestoreMarkOptions & Alongside,
): Promise<void> {
  const records = [...alongside, restoreMark(options)];
  const outcome = await producer.transact(records, COMMIT_DEADLINE_MS);
  if (outcome.kind === 'committed') return;
  throw new ForebayError({
    code: 'KAFKA_NO_RESTORE_MARK',
    message: `the mark that ends the reading of ${options.topic}/${options.partition} is ${outcome.kind}: ${outcome.error.message}`,
    cause: outcome.error,
    isRetryable: true,
  });
}

/** Whether a record is the restore mark `id`, or any. */
export function isRestoreMark({headers}: Pick<IncomingRecord, 'headers'>, id?: string): boolean {
  return headers.some(
    ([name, value]) => name === MARK_HEADER && (id === undefined || fromUtf8(value) === id),
  );
}
