/**
 * The drain protocol: one WebSocket per shard between the gateway's Durable Object and the drain.
 *
 *   drain   ── GET /drain/v1/shards/{stream}/{partition}, Upgrade: websocket, Authorization: Bearer KEY ──▶ shard
 *   shard   ── welcome {version, shard, incarnation, firstSeq, nextSeq} ──▶ drain
 *   drain   ── read {version, incarnation, afterSeq, creditBytes} ──▶ shard
 *   shard   ── batch (binary) ──▶ drain       while there is credit; each frame costs its own length
 *   drain   ── credit {bytes} ──▶ shard       when a batch has left the drain's memory
 *   drain   ── trim {incarnation, seq} ──▶ shard   after Kafka committed everything up to seq
 *
 * A batch frame is `u8 version · u32 count · f64 firstSeq · batch` (batch: src/record/codec.ts), integers big-endian.
 * It may begin before `afterSeq + 1`, at the row that holds it: the drain leaves out what it already has.
 * There is one reader per shard; a newer connection closes the older one with 4001. That is tidiness, not safety:
 * safety is the fence in Kafka, and a trim from anyone only names what Kafka has committed.
 *
 * Changes: 1 first version.
 */
import * as z from 'zod';
import {ForebayError} from '../lib/errors.ts';

export const DRAIN_PROTOCOL_VERSION = 1;

/** WebSocket close codes (RFC 6455 §7.4.2: 4000–4999 are for private use). */
export const CLOSE_SUPERSEDED = 4001;
export const CLOSE_BAD_MESSAGE = 4002;
export const CLOSE_ROLLED_BACK = 4003;

const Seq = z.int().min(0);
const Incarnation = z.string().min(1).max(64);

/** `firstSeq` is the oldest record kept (= `nextSeq` when there is none). */
export const Welcome = z.object({
  type: z.literal('welcome'),
  version: z.int(),
  shard: z.string(),
  incarnation: Incarnation,
  firstSeq: Seq,
  nextSeq: Seq,
});
export type Welcome = z.infer<typeof Welcome>;

export const DrainMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('read'),
    version: z.int(),
    incarnation: Incarnation,
    afterSeq: Seq,
    creditBytes: z.int().min(0),
  }),
  z.object({type: z.literal('credit'), bytes: z.int().min(0)}),
  z.object({type: z.literal('trim'), incarnation: Incarnation, seq: Seq}),
]);
export type DrainMessage = z.infer<typeof DrainMessage>;

export interface BatchFrame {
  readonly firstSeq: number;
  readonly count: number;
  /** Encoded records: src/record/codec.ts. */
  readonly bytes: Uint8Array;
}

const HEAD_BYTES = 13;

export function encodeBatchFrame({firstSeq, count, bytes}: BatchFrame): Uint8Array {
  const frame = new Uint8Array(HEAD_BYTES + bytes.byteLength);
  const view = new DataView(frame.buffer);
  view.setUint8(0, DRAIN_PROTOCOL_VERSION);
  view.setUint32(1, count);
  view.setFloat64(5, firstSeq);
  frame.set(bytes, HEAD_BYTES);
  return frame;
}

/** @throws ForebayError `DRAIN_PROTOCOL_VERSION` when the other end speaks another version. */
export function decodeBatchFrame(frame: Uint8Array): BatchFrame {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  checkDrainVersion(view.getUint8(0));
  return {
    count: view.getUint32(1),
    firstSeq: view.getFloat64(5),
    bytes: frame.subarray(HEAD_BYTES),
  };
}

/** @throws ForebayError `DRAIN_PROTOCOL_VERSION` */
export function checkDrainVersion(version: number): void {
  if (version === DRAIN_PROTOCOL_VERSION) return;
  throw new ForebayError({
    code: 'DRAIN_PROTOCOL_VERSION',
    message: `the other end speaks drain protocol ${version}, this program ${DRAIN_PROTOCOL_VERSION}`,
    hint: 'deploy gateway and drain of the same release',
  });
}
