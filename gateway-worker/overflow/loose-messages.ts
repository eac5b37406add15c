/**
 * Messages without a place in the line: of streams whose order is waived, sent while the shard was too busy to be asked;
 * of an incarnation that is gone; of tickets that were given up. Each enters the log once, when there is room: its id is
 * noted in the same transaction and kept until no copy of it can be left in the queue.
 */
import {days} from '../../src/define/duration.ts';
import type {EncodedBatch} from '../buffer/append-protocol.ts';
import type {ShardLog} from '../buffer/shard-log.ts';
import type {TakeVerdict} from './overflow-protocol.ts';
import type {OverflowStatements} from './overflow-sql.ts';

/** A queue keeps a message for 14 days at most; a copy is made before the message was taken. */
const KEPT_MS = days(15);
const FORGET_EVERY_MS = days(1);
/** Beyond it messages stay in the queue. */
const MAX_NOTED = 200_000;

export interface LooseMessagesOptions {
  readonly statements: OverflowStatements;
  readonly log: ShardLog;
  readonly nowMs: () => number;
}

export class LooseMessages {
  readonly #options: LooseMessagesOptions;
  #noted: number;

  constructor(options: LooseMessagesOptions) {
    this.#options = options;
    this.#noted = options.statements.takenCount();
  }

  /** `within` is part of its transaction. */
  take(batch: EncodedBatch, id: string, within?: () => void): TakeVerdict {
    const {statements, log} = this.#options;
    if (statements.isTaken(id)) return 'dropped';
    const size = {records: batch.count, bytes: batch.bytes.byteLength};
    // An empty log takes one in any case: what is larger than all its room would wait for ever.
    if (this.#noted >= MAX_NOTED || !(log.records === 0 || log.hasRoom(size))) return 'later';
    log.take([batch], () => {
      this.note(id);
      within?.();
    });
    return 'taken';
  }

  /** In the transaction of whoever took it. */
  note(id: string): void {
    this.#options.statements.insertTaken(id, this.#options.nowMs());
    this.#noted += 1;
  }

  forget(): void {
    if (this.#noted === 0) return;
    this.#options.statements.deleteTakenBefore(this.#options.nowMs() - KEPT_MS);
    this.#noted = this.#options.statements.takenCount();
  }

  endOf(sinceMs: number): number {
    return sinceMs + KEPT_MS;
  }

  isOver(sinceMs: number): boolean {
    return this.#options.nowMs() > this.endOf(sinceMs);
  }

  nextDueMs(): number | null {
    return this.#noted === 0 ? null : this.#options.nowMs() + FORGET_EVERY_MS;
  }
}
