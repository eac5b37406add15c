import * as z from 'zod';
import {isRejected} from './fate.ts';
import type {Fate, RejectedFate} from './fate.ts';
import {MAX_EVENTS_IN_DETAIL, MAX_ISSUES, RETRY_AFTER_FULL_S, RETRY_AFTER_S} from '../limits.ts';
import type {Issue} from '../validate/issue.ts';
import {problemResponse, retryAfter} from './problem.ts';

/** The body of a batch's answer; a problem's body has these members, too. */
export const BatchAnswer = z.object({
  accepted: z.int(),
  duplicates: z.int(),
  rejected: z.int(),
  retry: z.int().optional(),
  events: z.array(
    z.object({
      index: z.int(),
      id: z.string().optional(),
      status: z.enum(['accepted', 'duplicate', 'rejected', 'retry']),
      shard: z.string().optional(),
      seq: z.int().optional(),
      errors: z
        .array(z.object({pointer: z.string(), detail: z.string(), code: z.string()}))
        .optional(),
    }),
  ),
});

export interface Counts {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly retry: number;
}

export interface BatchAnswerOptions {
  /** `Prefer: return=representation`: list every event, also the plainly accepted. */
  readonly isFull: boolean;
  /** Of the sender's quota, whatever became of the events. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** The answer of `POST /v1/streams/{stream}`: 202, 207, 422 or 503. */
export function batchAnswer(
  fates: readonly Fate[],
  {isFull, headers}: BatchAnswerOptions,
): Response {
  const {retry, ...stored} = countFates(fates);
  const counts = retry === 0 ? stored : {...stored, retry};
  const rejected = fates.filter(isRejected);
  const extensions = {...counts, events: entriesOf(fates, isFull || fates.length === 1)};
  const preference = {
    ...headers,
    ...(isFull ? {'preference-applied': 'return=representation'} : {}),
  };
  if (rejected.length > 0 && rejected.length === fates.length) {
    return problemResponse('invalid-events', {
      detail: 'mend what errors names; nothing of this request was accepted',
      errors: firstIssues(rejected),
      extensions,
      headers: preference,
    });
  }
  if (retry > 0 && stored.accepted + stored.duplicates === 0) {
    return problemResponse('unavailable', {
      detail: 'send the events marked retry again, with the same ids',
      extensions,
      headers: {...preference, ...retryAfterFates(fates)},
    });
  }
  return new Response(JSON.stringify(extensions), {
    status: rejected.length > 0 || retry > 0 ? 207 : 202,
    headers: {
      'content-type': 'application/json',
      ...preference,
      ...(retry > 0 ? retryAfterFates(fates) : {}),
    },
  });
}

/** When to come again with what is marked retry. */
export function retryAfterFates(fates: readonly Fate[]): Readonly<Record<string, string>> {
  const isFull = fates.some((fate) => fate.status === 'retry' && fate.isFull);
  return retryAfter(isFull ? RETRY_AFTER_FULL_S : RETRY_AFTER_S);
}

export function countFates(fates: readonly Fate[]): Counts {
  let accepted = 0;
  let duplicates = 0;
  let rejected = 0;
  let retry = 0;
  for (const {status} of fates) {
    if (status === 'accepted') accepted += 1;
    else if (status === 'duplicate') duplicates += 1;
    else if (status === 'retry') retry += 1;
    else rejected += 1;
  }
  return {accepted, duplicates, rejected, retry};
}

/** At most MAX_ISSUES, of the rejected events that come first. */
export function firstIssues(fates: readonly Fate[]): readonly Issue[] {
  const issues: (Issue & {readonly index: number})[] = [];
  for (const [index, fate] of fates.entries()) {
    if (!isRejected(fate)) continue;
    for (const found of fate.issues) {
      if (issues.length === MAX_ISSUES) return issues;
      issues.push({index, ...found});
    }
  }
  return issues;
}

function entriesOf(fates: readonly Fate[], isFull: boolean): readonly object[] {
  const entries: object[] = [];
  let inDetail = 0;
  fates.forEach((fate, index) => {
    if (fate.status === 'accepted' && !isFull) return;
    if ('issues' in fate) {
      inDetail += 1;
      entries.push(rejectedEntry(fate, index, inDetail <= MAX_EVENTS_IN_DETAIL ? MAX_ISSUES : 1));
    } else if (fate.status === 'retry') {
      entries.push({index, ...(fate.id === null ? {} : {id: fate.id}), status: 'retry'});
    } else {
      const {id, status, shard, seq} = fate;
      entries.push({index, id, status, shard, ...(seq === null ? {} : {seq})});
    }
  });
  return entries;
}

function rejectedEntry({id, issues}: RejectedFate, index: number, maxIssues: number): object {
  return {
    index,
    ...(id === null ? {} : {id}),
    status: 'rejected',
    errors: issues.slice(0, maxIssues),
  };
}
