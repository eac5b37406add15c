import {amountOf} from '../buffer/amount.ts';
import type {Amount} from '../buffer/amount.ts';
import type {EncodedBatch} from '../buffer/append-protocol.ts';
import {idNames} from './id-names.ts';
import type {NewTicket, OverflowStatements, TicketRow} from './overflow-sql.ts';

const NOTHING: Amount = {records: 0, bytes: 0};

/**
 * The tickets of a shard's line by their numbers, what is here of each, and which holds an id: in SQLite and, as a cache of
 * it, in memory. Where a write is part of a larger transaction there are two methods: one for within, one for after it.
 */
export class LineTickets {
  readonly #storage: DurableObjectStorage;
  readonly #statements: OverflowStatements;
  /** Ascending: a map keeps the order of insertion, and numbers only grow. */
  readonly #line = new Map<number, TicketRow>();
  /** Given up, kept for what may still come of them. */
  readonly #missed = new Map<number, TicketRow>();
  readonly #here = new Map<number, Amount>();
  readonly #holders = new Map<string, number>();
  readonly #ids = new Map<number, string[]>();
  readonly #reserved = new Set<number>();
  #hereTotal = NOTHING;
  #bytes = 0;
  #last: number | null = null;

  constructor(storage: DurableObjectStorage, statements: OverflowStatements) {
    this.#storage = storage;
    this.#statements = statements;
    for (const ticket of statements.tickets()) this.#set(ticket);
    for (const {number, records, bytes} of statements.partSums())
      this.addHere(number, {records, bytes});
    for (const {number, ids} of statements.ticketIds())
      this.#addIds(number, idNames(new Uint8Array(ids)));
  }

  /** Tickets in the line. */
  get size(): number {
    return this.#line.size;
  }

  get head(): TicketRow | undefined {
    return this.#line.values().next().value;
  }

  /** Since the line began, tickets are reserved in the order of their numbers. */
  get oldestReserved(): TicketRow | undefined {
    const number = this.#reserved.values().next().value;
    return number === undefined ? undefined : this.#line.get(number);
  }

  /** Of the tickets in the line, as they were reserved. */
  get bytes(): number {
    return this.#bytes;
  }

  get ids(): number {
    return this.#holders.size;
  }

  /** Of all tickets. */
  get here(): Amount {
    return this.#hereTotal;
  }

  get(number: number): TicketRow | undefined {
    return this.#line.get(number) ?? this.#missed.get(number);
  }

  hereOf(number: number): Amount {
    return this.#here.get(number) ?? NOTHING;
  }

  line(): Iterable<TicketRow> {
    return this.#line.values();
  }

  missed(): Iterable<TicketRow> {
    return this.#missed.values();
  }

  /** The ticket in the line that has a record with this id. */
  holderOf(id: string): TicketRow | undefined {
    const number = this.#holders.get(id);
    return number === undefined ? undefined : this.#line.get(number);
  }

  /** A new ticket at the end of the line. */
  reserve(
    ticket: Pick<NewTicket, 'sinceMs' | 'records' | 'bytes'> & {readonly ids: Uint8Array},
  ): TicketRow {
    const row = this.#statements.insertTicket({...ticket, state: 'reserved', parts: 0});
    this.#set(row);
    this.#addIds(row.number, idNames(ticket.ids));
    return row;
  }

  /** Rows at the end of the line that are here: more parts of its last ticket if that is here, too, else a new one. */
  keepHere(
    rows: readonly EncodedBatch[],
    {ids, nowMs}: {readonly ids: Iterable<string>; readonly nowMs: number},
  ): void {
    const amount = amountOf(rows);
    const empty = {
      state: 'here',
      sinceMs: nowMs,
      parts: 0,
      records: 0,
      bytes: 0,
      ids: null,
    } as const;
    const ticket = this.#storage.transactionSync(() => {
      const last = this.#last === null ? undefined : this.#line.get(this.#last);
      const open = last?.state === 'here' ? last : this.#statements.insertTicket(empty);
      rows.forEach((row, index) =>
        this.#statements.insertPart({...row, number: open.number, part: open.parts + index}),
      );
      const after = {
        ...open,
        parts: open.parts + rows.length,
        records: open.records + amount.records,
        bytes: open.bytes + amount.bytes,
      };
      this.#statements.updateTicket(after);
      return after;
    });
    this.#set(ticket);
    this.#addIds(ticket.number, ids);
    this.addHere(ticket.number, amount);
  }

  update(ticket: TicketRow): void {
    this.#statements.updateTicket(ticket);
    this.#set(ticket);
  }

  remove({number}: TicketRow): void {
    this.#statements.deleteTicket(number);
    this.#delete(number);
  }

  /** Removes what was reserved before `dueMs` and not confirmed. */
  expire(dueMs: number): void {
    for (;;) {
      const ticket = this.oldestReserved;
      if (ticket === undefined || ticket.since_ms > dueMs) return;
      this.remove(ticket);
    }
  }

  /** Records of it enter the log: within that transaction. */
  write(ticket: TicketRow): void {
    if (isDone(ticket)) this.#statements.deleteTicket(ticket.number);
    else this.#statements.updateTicket(ticket);
  }

  /** The same after the transaction. */
  settle(ticket: TicketRow): void {
    if (isDone(ticket)) this.#delete(ticket.number);
    else this.#set(ticket);
  }

  /** `size` may be negative. */
  addHere(number: number, size: Amount): void {
    const before = this.hereOf(number);
    const after = {records: before.records + size.records, bytes: before.bytes + size.bytes};
    if (after.records === 0) this.#here.delete(number);
    else this.#here.set(number, after);
    this.#hereTotal = {
      records: this.#hereTotal.records + size.records,
      bytes: this.#hereTotal.bytes + size.bytes,
    };
  }

  #set(ticket: TicketRow): void {
    const {number} = ticket;
    if (ticket.state === 'missed') {
      this.#delete(number);
      this.#missed.set(number, ticket);
      return;
    }
    const before = this.#line.get(number);
    if (before === undefined) this.#last = number;
    this.#bytes += ticket.bytes - (before?.bytes ?? 0);
    this.#line.set(number, ticket);
    if (ticket.state === 'reserved') this.#reserved.add(number);
    else this.#reserved.delete(number);
  }

  #addIds(number: number, ids: Iterable<string>): void {
    const known = this.#ids.get(number) ?? [];
    for (const id of ids) {
      this.#holders.set(id, number);
      known.push(id);
    }
    this.#ids.set(number, known);
  }

  #delete(number: number): void {
    this.#bytes -= this.#line.get(number)?.bytes ?? 0;
    this.#line.delete(number);
    this.#reserved.delete(number);
    this.#missed.delete(number);
    for (const id of this.#ids.get(number) ?? [])
      if (this.#holders.get(id) === number) this.#holders.delete(id);
    this.#ids.delete(number);
  }
}

function isDone({state, next_part: nextPart, parts, records}: TicketRow): boolean {
  return state === 'missed' ? records <= 0 : nextPart === parts;
}
