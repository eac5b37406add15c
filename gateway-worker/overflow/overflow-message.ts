/**
 * The body of a message of the overflow queue. Bytes, so that it can be read wherever it ends up, and so that its size is
 * known before it is sent.
 *
 *   message := u8 version · u32 headBytes · head · ids · batch      integers big-endian
 *   head    := JSON {shard, id, ticket, part, count, hasIds}
 *   ids     := 16 bytes for each record, when hasIds
 *   batch   := src/record/codec.ts
 */
import * as z from 'zod';
import {concatBytes, fromUtf8, utf8} from '../../src/lib/bytes.ts';
import {ID_HASH_BYTES} from '../buffer/append-protocol.ts';
import type {OverflowPart} from './overflow-protocol.ts';

const VERSION = 1;
const PREFIX_BYTES = 5;
/** A message has at most 128,000 bytes, and about 100 of them are the queue's own. */
const MAX_MESSAGE_BYTES = 127_000;
/** For the prefix and the head: names of streams are at most 63 characters. */
const MAX_HEAD_BYTES = 1_000;
/** What a message can carry of records and their ids. */
export const MAX_PART_BYTES = 120_000;

const Head = z.object({
  shard: z.string(),
  id: z.string(),
  ticket: z.object({incarnation: z.string(), number: z.int()}).nullable(),
  part: z.int(),
  count: z.int(),
  hasIds: z.boolean(),
});

export function encodeMessage({bytes, ids, ...rest}: OverflowPart): Uint8Array {
  const head = utf8(JSON.stringify({...rest, hasIds: ids !== null} satisfies z.infer<typeof Head>));
  const prefix = new Uint8Array(PREFIX_BYTES);
  prefix[0] = VERSION;
  new DataView(prefix.buffer).setUint32(1, head.byteLength);
  const message = concatBytes([prefix, head, ...(ids === null ? [] : [ids]), bytes]);
  if (head.byteLength > MAX_HEAD_BYTES || message.byteLength > MAX_MESSAGE_BYTES)
    throw new Error(`a message of ${message.byteLength} bytes does not fit in the queue`);
  return message;
}

/** @throws when the bytes are no message of this version */
export function decodeMessage(body: unknown): OverflowPart {
  const message = bytesOf(body);
  if (message[0] !== VERSION) throw new Error('not an overflow message of version 1');
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const headEnd = PREFIX_BYTES + view.getUint32(1);
  const {hasIds, ...head} = Head.parse(JSON.parse(fromUtf8(message.subarray(5, headEnd))));
  const bytesAt = headEnd + (hasIds ? head.count * ID_HASH_BYTES : 0);
  if (bytesAt >= message.byteLength) throw new Error('an overflow message without records');
  return {
    ...head,
    ids: hasIds ? message.slice(headEnd, bytesAt) : null,
    bytes: message.slice(bytesAt),
  };
}

function bytesOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  throw new Error('a message of the overflow queue is bytes');
}
