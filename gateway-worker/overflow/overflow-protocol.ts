/**
 * The calls between the Worker and a shard about records that go through the overflow queue: waiting-line.ts says what
 * they are for. A Worker and a shard of neighbouring versions must understand each other, and a message may lie in the
 * queue for days: add optional fields, never change what one means.
 *
 * Changes: 1 first version.
 */
import type {EncodedBatch, WaitingDuplicate} from '../buffer/append-protocol.ts';

/** A place in a shard's line. Tickets of another incarnation mean nothing to a shard. */
export interface Ticket {
  readonly incarnation: string;
  readonly number: number;
}

export interface ReserveRequest {
  readonly count: number;
  readonly bytes: number;
  /** As EncodedBatch.ids, for all records. */
  readonly ids: Uint8Array | null;
}

/**
 * `ticket`: for all but the duplicates, which must not be sent. `known`: all are duplicates. `full`: the line is full, too,
 * or one of the ids is being sent by another request right now.
 */
export type ReserveResult =
  | {
      readonly kind: 'ticket';
      readonly ticket: Ticket;
      readonly duplicates: readonly WaitingDuplicate[];
    }
  | {readonly kind: 'known'; readonly duplicates: readonly WaitingDuplicate[]}
  | {readonly kind: 'full'};

/** All messages of the ticket are in the queue. */
export interface ConfirmRequest {
  readonly ticket: Ticket;
  readonly parts: number;
}

/** `cancelled`: its messages will be dropped. */
export type ConfirmResult = 'confirmed' | 'cancelled';

/** What one message of the queue carries. */
export interface OverflowPart extends EncodedBatch {
  readonly shard: string;
  /** The same in every copy of the message, and in no other. */
  readonly id: string;
  /** `null`: the shard could not be asked, and the stream's order is waived. */
  readonly ticket: Ticket | null;
  /** Counts the messages of one ticket, from 0. */
  readonly part: number;
}

/** `taken`: durable in the shard. `dropped`: it is there already, or its sender was told to retry. `later`: not now. */
export type TakeVerdict = 'taken' | 'dropped' | 'later';
