/**
 * Appends of concurrent requests to one shard, joined in this isolate: while one call is on its way the next requests
 * wait, and the next call takes all that wait. So a busy isolate makes few large calls, and an idle one waits for
 * nothing.
 *
 * The platform binds I/O to a request, so the calls are made by one request for the others: the leader. Its calls go on
 * after its own answer, while others wait. What can go wrong:
 *  - The leader's client hangs up. Its work was given to `waitUntil`, so it goes on and answers the others.
 *  - It dies all the same. Those it took end by their own deadlines as `unknown`. Those that waited are taken along by
 *    the next request that comes, or by the first of them when it has waited for LEAD_MS: a leader is believed in for so
 *    long only, dead or alive, for `waitUntil` ends too.
 * An entry is taken exactly once, whoever leads, so nothing is sent twice.
 */
import {Deadline, EXPIRED} from '../deadline.ts';
import {MAX_CALL_BYTES} from './append-protocol.ts';
import type {AppendRequest, AppendResult, AppendStored, EncodedBatch} from './append-protocol.ts';
import {joinToRows} from './join-batches.ts';

/** How long one request makes the calls before the next that comes takes over; well below the 30 s of `waitUntil`. */
const LEAD_MS = 2_000;
/** The next call to a busy shard waits so long for more requests: a commit costs the same for one and for many. */
const GATHER_MS = 4;
/** Requests in one call. */
const MAX_CALL_ENTRIES = 1_024;

/** `unknown`: no answer came; the records may be stored. `refused`, `overloaded`: they are not. */
export type AppendOutcome = AppendResult | {readonly kind: 'unknown' | 'refused' | 'overloaded'};

/** Makes one call in the context of the request that leads. Never rejects. */
export type CallShard = (request: AppendRequest) => Promise<AppendOutcome>;

/** The other way in, for what the shard had no room for. */
export interface Overflow {
  /** Whether records like these can take it. */
  readonly takes: (batches: readonly EncodedBatch[]) => boolean;
  /** In the context of the request that leads. Never rejects. */
  readonly send: (request: AppendRequest, refusal: Refusal) => Promise<AppendOutcome>;
}

/** Why an append was not taken. */
export type Refusal = 'full' | 'overloaded';

export interface QueueEntry {
  /** Ends by itself unless a leader died. */
  readonly outcome: Promise<AppendOutcome>;
  /** What this request does for others, now or when the leader dies, for `waitUntil`; `null`: nothing. */
  readonly leading: Promise<void> | null;
  /** Out of the queue, if nobody took it: `true` means that it was never sent. */
  readonly withdraw: () => boolean;
}

interface Waiting {
  readonly batches: readonly EncodedBatch[];
  readonly bytes: number;
  readonly answer: (outcome: AppendOutcome) => void;
}

interface Lead {
  readonly sinceMs: number;
}

export class CallQueue {
  readonly #nowMs: () => number;
  #waiting: Waiting[] = [];
  #lead: Lead | null = null;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  add(
    batches: readonly EncodedBatch[],
    callShard: CallShard,
    overflow: Overflow | null = null,
  ): QueueEntry {
    const {promise, resolve} = Promise.withResolvers<AppendOutcome>();
    const bytes = batches.reduce((total, batch) => total + batch.bytes.byteLength, 0);
    const entry: Waiting = {batches, bytes, answer: resolve};
    // One of them is enough, and a timer for each would cost as much as the call they share.
    const isFirst = this.#waiting.push(entry) === 1;
    const lead = (): Promise<void> => this.#leadCalls(callShard, overflow);
    return {
      outcome: promise,
      leading: !this.#hasLeader() ? lead() : isFirst ? this.#succeed(entry, promise, lead) : null,
      withdraw: () => this.#withdraw(entry),
    };
  }

  /** Leads as well, if `entry` still waits when nobody leads any more. It waits no longer than its deadline. */
  async #succeed(
    entry: Waiting,
    outcome: Promise<AppendOutcome>,
    lead: () => Promise<void>,
  ): Promise<void> {
    for (;;) {
      const deadline = new Deadline(LEAD_MS);
      const isWaiting = (await deadline.race(outcome)) === EXPIRED && this.#waiting.includes(entry);
      deadline.clear();
      if (!isWaiting) return;
      if (!this.#hasLeader()) return lead();
    }
  }

  /** Until nobody waits any more, or another request leads by now. */
  async #leadCalls(callShard: CallShard, overflow: Overflow | null): Promise<void> {
    const lead: Lead = {sinceMs: this.#nowMs()};
    this.#lead = lead;
    while (this.#lead === lead) {
      const taken = this.#take();
      if (taken.length === 0) {
        this.#lead = null;
        return;
      }
      const outcome = await callShard({batches: joined(taken)});
      if (overflow === null || !isRefusal(outcome.kind)) answerAll(taken, outcome);
      else await sendOverflow(taken, outcome, overflow);
      // Those just answered are about to come again, so a busy leader waits also when nobody else does yet.
      const isBusy = taken.length > 1 || this.#waiting.length > 0;
      if (isBusy) await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    }
  }

  #hasLeader(): boolean {
    if (this.#lead === null) return false;
    const leadsMs = this.#nowMs() - this.#lead.sinceMs;
    // Below 0 the clock was set back, and nobody knows for how long this one has led.
    return leadsMs >= 0 && leadsMs < LEAD_MS;
  }

  #take(): readonly Waiting[] {
    let count = 0;
    let bytes = 0;
    for (const entry of this.#waiting) {
      if (count > 0 && (bytes + entry.bytes > MAX_CALL_BYTES || count === MAX_CALL_ENTRIES)) break;
      bytes += entry.bytes;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  #withdraw(entry: Waiting): boolean {
    const at = this.#waiting.indexOf(entry);
    if (at < 0) return false;
    this.#waiting.splice(at, 1);
    entry.answer({kind: 'refused'});
    return true;
  }
}

/** Gives each entry its part of the answer to all. */
function answerAll(entries: readonly Waiting[], outcome: AppendOutcome): void {
  let offset = 0;
  for (const entry of entries) {
    const count = entry.batches.reduce((total, batch) => total + batch.count, 0);
    entry.answer(
      outcome.kind === 'stored'
        ? partOf(outcome, offset, count)
        : outcome.kind === 'waiting'
          ? {...outcome, duplicates: duplicatesOf(outcome, offset, count)}
          : outcome,
    );
    offset += count;
  }
}

/** What overflow cannot take keeps the shard's answer, so that one large event spoils nothing for the others. */
async function sendOverflow(
  entries: readonly Waiting[],
  outcome: AppendOutcome,
  overflow: Overflow,
): Promise<void> {
  const sent = entries.filter(({batches}) => overflow.takes(batches));
  answerAll(
    entries.filter((entry) => !sent.includes(entry)),
    outcome,
  );
  if (sent.length > 0 && isRefusal(outcome.kind))
    answerAll(sent, await overflow.send({batches: joined(sent)}, outcome.kind));
}

function isRefusal(kind: AppendOutcome['kind']): kind is Refusal {
  return kind === 'full' || kind === 'overloaded';
}

function joined(entries: readonly Waiting[]): readonly EncodedBatch[] {
  return joinToRows(entries.flatMap(({batches}) => batches));
}

function partOf(whole: AppendStored, offset: number, count: number): AppendStored {
  if (whole.duplicates.length === 0) return {...whole, firstSeq: whole.firstSeq + offset};
  const before = whole.duplicates.filter(({index}) => index < offset).length;
  return {
    ...whole,
    firstSeq: whole.firstSeq + offset - before,
    duplicates: duplicatesOf(whole, offset, count),
  };
}

function duplicatesOf<D extends {readonly index: number}>(
  {duplicates}: {readonly duplicates: readonly D[]},
  offset: number,
  count: number,
): readonly D[] {
  return duplicates
    .filter(({index}) => index >= offset && index < offset + count)
    .map((duplicate) => ({...duplicate, index: duplicate.index - offset}));
}
