/**
 * Appends of concurrent requests to one shard, joined in this isolate: while one call is on its way the next requests
 * wait, then one of them takes all that wait with it. So a busy isolate makes few large calls, and an idle one waits for
 * nothing.
 *
 * The platform binds I/O to a request, so the call is made by one request for the others: the leader. What can go wrong:
 *  - The leader's client hangs up. Its work was given to `waitUntil`, so it goes on and answers the others.
 *  - It dies all the same. Those it took end by their own deadlines as `unknown`. Those that waited are taken along by
 *    the next request that comes: a leader is believed in for LEADER_TIMEOUT_MS only.
 * An entry is taken exactly once, whoever leads, so nothing is sent twice.
 */
import {concatBytes} from '../../src/lib/bytes.ts';
import {ID_HASH_BYTES, MAX_CALL_BYTES, MAX_ROW_BYTES} from './append-protocol.ts';
import type {AppendRequest, AppendResult, AppendStored, EncodedBatch} from './append-protocol.ts';

/** How long a leader may be silent before another request leads. */
const LEADER_TIMEOUT_MS = 2_000;
/** The next call to a busy shard waits so long for more requests: a commit costs the same for one and for many. */
const GATHER_MS = 4;
/** After a call that more than one request shared, the next ones are on their way: their senders were just answered. */
const BUSY_MS = 10;
/** Requests in one call. */
const MAX_CALL_ENTRIES = 1_024;

/** `unknown`: no answer came; the records may be stored. `refused`: they are not. */
export type AppendOutcome = AppendResult | {readonly kind: 'unknown' | 'refused'};

/** Makes one call in the context of the request that leads. Never rejects. */
export type CallShard = (request: AppendRequest) => Promise<AppendOutcome>;

export interface QueueEntry {
  /** Ends by itself unless a leader died; it is also the work this request does for others, so it goes to `waitUntil`. */
  readonly outcome: Promise<AppendOutcome>;
  /** Out of the queue, if nobody took it: `true` means that it was never sent. */
  readonly withdraw: () => boolean;
}

/** It is this request's turn to lead, or it is answered. */
type Turn = 'lead-now' | 'lead-soon' | AppendOutcome;

interface Waiting {
  readonly batches: readonly EncodedBatch[];
  readonly bytes: number;
  /** Ends the waiting; only the first time counts. Waking a request is dear, so each is woken once. */
  readonly wake: (turn: Turn) => void;
  /** For an entry that was woken to lead: its answer comes from its own call, or from whoever took it before. */
  answer: AppendOutcome | null;
}

export class CallQueue {
  readonly #nowMs: () => number;
  #waiting: Waiting[] = [];
  #leader: {readonly sinceMs: number} | null = null;
  #busyUntilMs = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  add(batches: readonly EncodedBatch[], callShard: CallShard): QueueEntry {
    const {promise, resolve} = Promise.withResolvers<Turn>();
    const entry: Waiting = {
      batches,
      bytes: batches.reduce((total, {bytes}) => total + bytes.byteLength, 0),
      wake: resolve,
      answer: null,
    };
    this.#waiting.push(entry);
    if (!this.#hasLeader())
      this.#appoint(entry, this.#nowMs() < this.#busyUntilMs ? 'lead-soon' : 'lead-now');
    return {
      outcome: this.#outcomeOf(entry, promise, callShard),
      withdraw: () => this.#withdraw(entry),
    };
  }

  async #outcomeOf(
    entry: Waiting,
    promise: Promise<Turn>,
    callShard: CallShard,
  ): Promise<AppendOutcome> {
    const turn = await promise;
    if (typeof turn !== 'string') return turn;
    await this.#lead(turn, callShard);
    // Taken by another leader that has no answer yet: this one was appointed and then believed dead.
    return entry.answer ?? {kind: 'unknown'};
  }

  #appoint(entry: Waiting, turn: 'lead-now' | 'lead-soon'): void {
    this.#leader = {sinceMs: this.#nowMs()};
    entry.wake(turn);
  }

  async #lead(turn: 'lead-now' | 'lead-soon', callShard: CallShard): Promise<void> {
    const lead = {sinceMs: this.#nowMs()};
    this.#leader = lead;
    if (turn === 'lead-soon') await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    const taken = this.#take();
    if (taken.length > 0) {
      const outcome = await callShard({batches: joined(taken.flatMap(({batches}) => batches))});
      answer(taken, outcome);
      if (taken.length > 1) this.#busyUntilMs = this.#nowMs() + BUSY_MS;
    }
    // Another one leads by now: this one was silent for too long.
    if (this.#leader !== lead) return;
    this.#leader = null;
    const next = this.#waiting[0];
    if (next !== undefined) this.#appoint(next, 'lead-soon');
  }

  #hasLeader(): boolean {
    return this.#leader !== null && this.#nowMs() - this.#leader.sinceMs < LEADER_TIMEOUT_MS;
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
    entry.wake({kind: 'refused'});
    return true;
  }
}

/** Gives each entry its part of the answer to all. */
function answer(entries: readonly Waiting[], outcome: AppendOutcome): void {
  let offset = 0;
  for (const entry of entries) {
    const count = entry.batches.reduce((total, batch) => total + batch.count, 0);
    entry.answer = outcome.kind === 'stored' ? partOf(outcome, offset, count) : outcome;
    entry.wake(entry.answer);
    offset += count;
  }
}

function partOf(whole: AppendStored, offset: number, count: number): AppendStored {
  if (whole.duplicates.length === 0) return {...whole, firstSeq: whole.firstSeq + offset};
  const before = whole.duplicates.filter(({index}) => index < offset).length;
  return {
    ...whole,
    firstSeq: whole.firstSeq + offset - before,
    duplicates: whole.duplicates
      .filter(({index}) => index >= offset && index < offset + count)
      .map(({index, seq}) => ({index: index - offset, seq})),
  };
}

/** As few batches as a row's size allows. */
function joined(batches: readonly EncodedBatch[]): readonly EncodedBatch[] {
  if (batches.length === 1) return batches;
  const groups: EncodedBatch[][] = [[]];
  let bytes = 0;
  for (const batch of batches) {
    const size = batch.bytes.byteLength + batch.count * ID_HASH_BYTES;
    if (bytes + size > MAX_ROW_BYTES && groups.at(-1)!.length > 0) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)!.push(batch);
    bytes += size;
  }
  return groups.map(joinOne);
}

function joinOne(batches: readonly EncodedBatch[]): EncodedBatch {
  if (batches.length === 1) return batches[0]!;
  return {
    bytes: concatBytes(batches.map(({bytes}) => bytes)),
    count: batches.reduce((total, {count}) => total + count, 0),
    ids: batches.every(({ids}) => ids === null)
      ? null
      : concatBytes(batches.map(({ids, count}) => ids ?? new Uint8Array(count * ID_HASH_BYTES))),
  };
}
