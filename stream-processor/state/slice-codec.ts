/**
 * A slice is up to SLICE_SLOTS neighbouring slots of a pane, as the checkpoint stores them.
 *
 *   slice  := u32 crc · u8 version · u32 count · window*      crc: CRC-32 of all after it
 *   window := u32 keyBytes · key · f64*                       the aggregates' states, NaN: none
 */
import {crc32} from 'node:zlib';
import {assert} from '../../src/lib/assert.ts';
import type {Pane} from '../window/pane.ts';

export const SLICE_SLOTS = 256;
const SLICE_VERSION = 1;
const HEAD_BYTES = 9;
const DOUBLE_BYTES = 8;

export function sliceOf(slot: number): number {
  return Math.floor(slot / SLICE_SLOTS);
}

export function encodeSlice(pane: Pane, slice: number, width: number): Buffer {
  const from = slice * SLICE_SLOTS;
  const to = Math.min(from + SLICE_SLOTS, pane.keyCount);
  assert(from < to, 'the pane has slots there');
  const {states} = pane;
  let limit = HEAD_BYTES;
  for (let slot = from; slot < to; slot++) {
    limit += 4 + Buffer.byteLength(pane.keyAt(slot)) + width * DOUBLE_BYTES;
  }
  const bytes = Buffer.allocUnsafe(limit);
  bytes[4] = SLICE_VERSION;
  bytes.writeUInt32BE(to - from, 5);
  let at = HEAD_BYTES;
  for (let slot = from; slot < to; slot++) {
    const keyBytes = bytes.write(pane.keyAt(slot), at + 4);
    bytes.writeUInt32BE(keyBytes, at);
    at += 4 + keyBytes;
    for (let i = 0; i < width; i++, at += DOUBLE_BYTES) {
      bytes.writeDoubleBE(states[slot * width + i]!, at);
    }
  }
  bytes.writeUInt32BE(crc32(bytes.subarray(4)));
  return bytes;
}

/** Puts a slice's windows into a pane. Throws for bytes that are not what was written. */
export function decodeSlice(slice: Uint8Array, pane: Pane, width: number): void {
  const bytes = Buffer.from(slice.buffer, slice.byteOffset, slice.byteLength);
  assert(bytes.length >= HEAD_BYTES, 'a slice has its head');
  assert(bytes.readUInt32BE() === crc32(bytes.subarray(4)), 'a slice has its checksum');
  assert(bytes[4] === SLICE_VERSION, `a slice has version ${SLICE_VERSION}`);
  const states = new Float64Array(width);
  let at = HEAD_BYTES;
  for (let left = bytes.readUInt32BE(5); left > 0; left--) {
    const keyEnd = at + 4 + bytes.readUInt32BE(at);
    const key = bytes.toString('utf8', at + 4, keyEnd);
    at = keyEnd;
    for (let i = 0; i < width; i++, at += DOUBLE_BYTES) states[i] = bytes.readDoubleBE(at);
    pane.put(key, states);
  }
}
