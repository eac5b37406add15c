/**
 * The line before a shard's log: accepted records that have no seq yet, because the log was full when they came.
 *
 * A place in the line is a ticket. Its records are in messages of the overflow queue (`sent`), or with the ticket (`here`).
 * The Worker reserves a ticket, sends its messages, confirms it, and only then tells the sender 2xx. The queue delivers in
 * any order and more than once; the line puts that right.
 *
 * Invariants
 *  1. Records enter the log in the order of their tickets and, within one, of its parts; each part once. `next_part` and
 *     the deletion of a ticket move in the transaction that appends, so it does not matter how often a message comes.
 *  2. Nothing of a ticket enters the log before it is confirmed. A confirmed ticket is never cancelled; one that is not
 *     confirmed in time is, and a message of a ticket that is not in the line is dropped: its sender was told to retry,
 *     or it is in the log.
 *  3. While there is a ticket, an append stands behind it: here if the log is low, in the queue otherwise. That the line
 *     takes records itself is what lets a busy shard leave it: through the queue alone there would always be a next ticket.
 *     With order `waived` appends pass the line by.
 *  4. An id is in the log's ids or in at most one confirmed ticket, so a repeated event is a duplicate also while it waits.
 *  5. A message that never comes cannot stop the line for good: when others waited for it alone for MISSING_MS its ticket is
 *     `missed`, loudly. What still comes of it is appended then, once, out of order.
 *  6. All fields are a cache of SQLite and change only after the transaction that made them true.
 * Crash at any point: a transaction is there or not. The Worker dies before it confirms: nobody was told 2xx, the ticket
 * expires. After: the messages are in the queue, and the queue has them until `take` has answered `taken` or `dropped`,
 * which leaves the object only when it is durable. The shard dies: all of this is in SQLite. Its storage is wiped: messages
 * of the old incarnation have no place any more and are appended as they come, since a record out of order is better than none.
 */
import {must} from '../../src/lib/assert.ts';
import {ID_HASH_BYTES} from '../buffer/append-protocol.ts';
import type {AppendRequest, AppendResult, EncodedBatch} from '../buffer/append-protocol.ts';
import {amountOf} from '../buffer/amount.ts';
import type {Amount} from '../buffer/amount.ts';
import {joinToRows} from '../buffer/join-batches.ts';
import type {ShardLog} from '../buffer/shard-log.ts';
import {idName, idNames} from './id-names.ts';
import {LineTickets} from './line-tickets.ts';
import {LooseMessages} from './loose-messages.ts';
import type {
  ConfirmRequest,
  ConfirmResult,
  OverflowPart,
  ReserveRequest,
  ReserveResult,
  TakeVerdict,
  Ticket,
} from './overflow-protocol.ts';
import {overflowStatements} from './overflow-sql.ts';
import type {OverflowStatements, PartRow, TicketRow} from './overflow-sql.ts';
import {idsOf, planWaiting, withoutDropped} from './plan-waiting.ts';
import type {Whereabouts} from './plan-waiting.ts';

/** A ticket that is not confirmed by then is cancelled. The Worker gives up sending long before. */
export const RESERVED_MS = 30_000;
/** How long others wait for a message alone. The consumer presents each one many times in it. */
export const MISSING_MS = 6 * 3_600_000;
/** What the line may hold, here and in the queue: beyond it, senders are told to wait. */
const MAX_TICKETS = 16_384;
const MAX_LINE_BYTES = 1_000_000_000;
/** Ids are in memory, about 100 bytes each. */
const MAX_LINE_IDS = 131_072;
/** Of messages that came before their turn: so many are taken all the same. */
const MAX_EARLY_BYTES = 64_000_000;
/** Parts that enter the log in one transaction: at most so many times 1.9 MB. */
const PARTS_A_STEP = 8;
/** Records that are here are looked after at least so often. */
const CHECK_MS = 60_000;

export interface WaitingLineOptions {
  readonly storage: DurableObjectStorage;
  readonly log: ShardLog;
  readonly order: 'kept' | 'waived';
  readonly nowMs: () => number;
  /** A ticket was given up. */
  readonly onMissed: (ticket: {readonly ticket: number; readonly records: number}) => void;
}

export class WaitingLine {
  readonly #options: WaitingLineOptions;
  readonly #log: ShardLog;
  readonly #statements: OverflowStatements;
  readonly #tickets: LineTickets;
  readonly #loose: LooseMessages;

  constructor(options: WaitingLineOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#statements = overflowStatements(options.storage.sql);
    this.#tickets = new LineTickets(options.storage, this.#statements);
    this.#loose = new LooseMessages({...options, statements: this.#statements});
  }

  get isEmpty(): boolean {
    return this.#tickets.size === 0;
  }

  /** Whether `absorb` may have something to do. */
  get hasHere(): boolean {
    return this.#tickets.here.records > 0;
  }

  /** Accepted and not in the log: here and in the queue. */
  get records(): number {
    let records = 0;
    for (const ticket of [...this.#tickets.line(), ...this.#tickets.missed()])
      if (ticket.state !== 'reserved') records += ticket.records;
    return records;
  }

  /** Into the log, or behind those that wait for it. */
  append(requests: readonly AppendRequest[]): readonly AppendResult[] {
    if (this.isEmpty) return this.#log.append(requests);
    this.#tickets.expire(this.#options.nowMs() - RESERVED_MS);
    if (this.isEmpty) return this.#log.append(requests);
    if (this.#options.order === 'kept') return this.#wait(requests);
    const isWaiting = requests.map((request) => this.#holdsAnyOf(request));
    const waiting = this.#wait(requests.filter((_, index) => isWaiting[index])).values();
    const passing = this.#log.append(requests.filter((_, index) => !isWaiting[index])).values();
    return isWaiting.map((waits) =>
      must((waits ? waiting : passing).next().value, 'one result a request'),
    );
  }

  reserve({count, bytes, ids}: ReserveRequest): ReserveResult {
    this.#tickets.expire(this.#options.nowMs() - RESERVED_MS);
    const plan = planWaiting({count, ids}, (id) => this.#whereIs(id));
    if (plan === 'contended') return {kind: 'full'};
    const {duplicates, kept, keptIds} = plan;
    if (kept === 0) return {kind: 'known', duplicates};
    if (!this.#hasPlace(bytes, keptIds.byteLength)) return {kind: 'full'};
    const ticket = this.#tickets.reserve({
      sinceMs: this.#options.nowMs(),
      records: kept,
      bytes,
      ids: keptIds,
    });
    const {incarnation} = this.#log;
    return {kind: 'ticket', ticket: {incarnation, number: ticket.number}, duplicates};
  }

  confirm({ticket, parts}: ConfirmRequest): ConfirmResult {
    this.#tickets.expire(this.#options.nowMs() - RESERVED_MS);
    const found = this.#ticketOf(ticket);
    if (found?.state === 'reserved')
      this.#tickets.update({...found, state: 'sent', since_ms: this.#options.nowMs(), parts});
    return found === undefined ? 'cancelled' : 'confirmed';
  }

  cancel(ticket: Ticket): void {
    const found = this.#ticketOf(ticket);
    if (found?.state === 'reserved') this.#tickets.remove(found);
  }

  /** What the queue delivered, the earliest first. */
  take(parts: readonly OverflowPart[]): readonly TakeVerdict[] {
    this.#tickets.expire(this.#options.nowMs() - RESERVED_MS);
    return parts.map((part) => this.#takeOne(part));
  }

  /** Lets records that are here and whose turn it is enter the log, a bounded number; `true` when there may be more. */
  absorb(): boolean {
    const ticket = this.#nextHere();
    if (ticket === undefined) return false;
    const rows = this.#readyRows(ticket);
    const last = rows.at(-1);
    if (last === undefined) return false;
    const batches = rows.map((row) => ({
      bytes: new Uint8Array(row.bytes),
      count: row.count,
      ids: row.ids === null ? null : new Uint8Array(row.ids),
    }));
    const size = amountOf(batches);
    const isMissed = ticket.state === 'missed';
    const after = {
      ...ticket,
      records: ticket.records - size.records,
      next_part: isMissed ? ticket.next_part : last.part + 1,
      missed_ms: null,
    };
    this.#log.take(batches, () => {
      this.#statements.deletePartsUpTo(ticket.number, last.part);
      if (isMissed) for (const {part} of rows) this.#loose.note(looseId(ticket, part));
      this.#tickets.write(after);
    });
    this.#tickets.addHere(ticket.number, {records: -size.records, bytes: -size.bytes});
    this.#tickets.settle(after);
    return true;
  }

  /** Cancels, gives up and forgets what is due. */
  tidy(): void {
    this.#tickets.expire(this.#options.nowMs() - RESERVED_MS);
    this.#lookForMissing();
    this.#loose.forget();
    for (const ticket of this.#tickets.missed())
      if (this.#loose.isOver(ticket.since_ms) && !this.#isHere(ticket))
        this.#tickets.remove(ticket);
  }

  /** When there is something to `tidy` or `absorb` next; `null` when nothing waits. */
  nextDueMs(): number | null {
    const due: number[] = [];
    const {head, here, oldestReserved} = this.#tickets;
    if (oldestReserved !== undefined) due.push(oldestReserved.since_ms + RESERVED_MS);
    if (here.records > 0) due.push(this.#options.nowMs() + CHECK_MS);
    if (head !== undefined && head.missed_ms !== null) due.push(head.missed_ms + MISSING_MS);
    for (const ticket of this.#tickets.missed())
      if (!this.#isHere(ticket)) due.push(this.#loose.endOf(ticket.since_ms));
    const looseMs = this.#loose.nextDueMs();
    if (looseMs !== null) due.push(looseMs);
    return due.length === 0 ? null : Math.min(...due);
  }

  /** Each request behind those that wait, in one transaction; `full` where it has to take the way through the queue. */
  #wait(requests: readonly AppendRequest[]): readonly AppendResult[] {
    const rest: EncodedBatch[] = [];
    const fresh = new Set<string>();
    const {here} = this.#tickets;
    let size = here;
    const results = requests.map((request): AppendResult => {
      const plan = planWaiting(idsOf(request.batches), (id) =>
        fresh.has(idName(id)) ? {seq: null} : this.#whereIs(id),
      );
      if (plan === 'contended' || request.mayWait !== true)
        return {kind: 'full', bound: 'overflow'};
      const kept = withoutDropped(request.batches, plan.duplicates);
      const more = amountOf(kept);
      const next = {records: size.records + more.records, bytes: size.bytes + more.bytes};
      if (kept.length > 0) {
        const idBytes = plan.keptIds.byteLength + fresh.size * ID_HASH_BYTES;
        if (!this.#log.isLow(next) || !this.#hasPlace(next.bytes - here.bytes, idBytes))
          return {kind: 'full', bound: 'overflow'};
        for (const id of idNames(plan.keptIds)) fresh.add(id);
        rest.push(...kept);
        size = next;
      }
      return {kind: 'waiting', duplicates: plan.duplicates};
    });
    if (rest.length > 0)
      this.#tickets.keepHere(joinToRows(rest), {ids: fresh, nowMs: this.#options.nowMs()});
    return results;
  }

  #takeOne(part: OverflowPart): TakeVerdict {
    const ticket = part.ticket === null ? undefined : this.#ticketOf(part.ticket);
    if (part.ticket === null || part.ticket.incarnation !== this.#log.incarnation)
      return this.#loose.take(part, part.id);
    if (ticket === undefined || part.part < ticket.next_part) return 'dropped';
    if (ticket.state === 'reserved') return 'later';
    if (this.#statements.hasPart(ticket.number, part.part)) return 'dropped';
    const after = {...ticket, records: ticket.records - part.count};
    if (ticket.state === 'missed') {
      const verdict = this.#loose.take(part, looseId(ticket, part.part), () =>
        this.#tickets.write(after),
      );
      if (verdict === 'taken') this.#tickets.settle(after);
      return verdict;
    }
    if (ticket !== this.#tickets.head || part.part !== ticket.next_part)
      return this.#takeEarly(ticket, part);
    if (!this.#hasRoomForNext(amountOf([part]))) {
      // It is not missing: it waits for room.
      if (ticket.missed_ms !== null) this.#tickets.update({...ticket, missed_ms: null});
      return 'later';
    }
    const moved = {...after, next_part: part.part + 1, missed_ms: null};
    this.#log.take([part], () => this.#tickets.write(moved));
    this.#tickets.settle(moved);
    return 'taken';
  }

  /** It comes before its turn, and is taken while there is room: so the queue empties in any order. */
  #takeEarly(ticket: TicketRow, part: OverflowPart): TakeVerdict {
    const {here} = this.#tickets;
    const {records, bytes} = amountOf([part]);
    const size = {records: here.records + records, bytes: here.bytes + bytes};
    if (size.bytes > MAX_EARLY_BYTES || !this.#log.hasRoom(size)) return 'later';
    this.#statements.insertPart({...part, number: ticket.number});
    this.#tickets.addHere(ticket.number, {records, bytes});
    return 'taken';
  }

  /** An empty log takes one in any case: what is larger than all its room would wait for ever. */
  #hasRoomForNext(size: Amount): boolean {
    return this.#log.records === 0 || this.#log.hasRoom(size);
  }

  #nextHere(): TicketRow | undefined {
    for (const ticket of this.#tickets.missed()) if (this.#isHere(ticket)) return ticket;
    const {head} = this.#tickets;
    return head !== undefined && this.#isHere(head) ? head : undefined;
  }

  /** Some of its records are, and wait to enter the log. */
  #isHere({number}: TicketRow): boolean {
    return this.#tickets.hereOf(number).records > 0;
  }

  #readyRows(ticket: TicketRow): readonly PartRow[] {
    const rows: PartRow[] = [];
    let size = {bytes: 0, records: 0};
    for (const row of this.#statements.parts(ticket.number, PARTS_A_STEP)) {
      if (ticket.state !== 'missed' && row.part !== ticket.next_part + rows.length) break;
      size = {bytes: size.bytes + row.bytes.byteLength, records: size.records + row.count};
      if (rows.length === 0 ? !this.#hasRoomForNext(size) : !this.#log.hasRoom(size)) break;
      rows.push(row);
    }
    return rows;
  }

  /** Whether what is here waits for one message alone, and gives that up when it has for too long. */
  #lookForMissing(): void {
    const {head, here} = this.#tickets;
    if (head === undefined || head.state === 'reserved') return;
    const nowMs = this.#options.nowMs();
    const isAwaited =
      here.records > 0 &&
      this.#hasRoomForNext({records: 0, bytes: 0}) &&
      !this.#statements.hasPart(head.number, head.next_part);
    if (!isAwaited) {
      if (head.missed_ms !== null) this.#tickets.update({...head, missed_ms: null});
    } else if (head.missed_ms === null) this.#tickets.update({...head, missed_ms: nowMs});
    else if (nowMs >= head.missed_ms + MISSING_MS) {
      this.#tickets.update({...head, state: 'missed', since_ms: nowMs, missed_ms: null});
      this.#options.onMissed({ticket: head.number, records: head.records});
      this.#awaitNext(head.missed_ms);
    }
  }

  /** What comes before its turn is taken early while there is room: a next one that is not here was missing as long. */
  #awaitNext(sinceMs: number): void {
    const {head, here} = this.#tickets;
    if (head?.state !== 'sent' || here.bytes > MAX_EARLY_BYTES / 2) return;
    if (this.#statements.hasPart(head.number, head.next_part)) return;
    this.#tickets.update({...head, missed_ms: Math.max(sinceMs, head.since_ms)});
  }

  #whereIs(id: Uint32Array): Whereabouts {
    const seq = this.#log.seqOf(id);
    if (seq !== undefined) return {seq};
    const holder = this.#tickets.holderOf(idName(id));
    if (holder === undefined) return undefined;
    return holder.state === 'reserved' ? 'contended' : {seq: null};
  }

  #holdsAnyOf({batches}: AppendRequest): boolean {
    return batches.some(({ids}) =>
      ids === null
        ? false
        : idNames(ids).some((name) => this.#tickets.holderOf(name) !== undefined),
    );
  }

  #ticketOf({incarnation, number}: Ticket): TicketRow | undefined {
    return incarnation === this.#log.incarnation ? this.#tickets.get(number) : undefined;
  }

  #hasPlace(bytes: number, idBytes: number): boolean {
    const {size, ids} = this.#tickets;
    return (
      size < MAX_TICKETS &&
      this.#tickets.bytes + bytes <= MAX_LINE_BYTES &&
      ids + idBytes / ID_HASH_BYTES <= MAX_LINE_IDS
    );
  }
}

function looseId({number}: TicketRow, part: number): string {
  return `${number}/${part}`;
}
