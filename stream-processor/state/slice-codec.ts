/**
 * A slice is up to SLICE_SLOTS neighbouring slots of a pane, as the checkpoint stores them. Whoever stores it adds a
 * checksum.
 *
 *   slice  := u8 version · u32 count · entry*
 *   entry  := u32 keyBytes · key · u32 stateBytes · states       states: see window/aggregate-columns.ts
 */
import {assert} from '../../src/lib/assert.ts';
import type {AggregateColumns} from '../window/aggregate-columns.ts';
import type {Pane} from '../window/pane.ts';
import type {StateColumns} from '../window/state-columns.ts';

export const SLICE_SLOTS = 256;
const SLICE_VERSION = 2;
const HEAD_BYTES = 5;
const LENGTH_BYTES = 4;

export function sliceOf(slot: number): number {
  return Math.floor(slot / SLICE_SLOTS);
}

/** The slices of so many slots. */
export function slicesOf(slotCount: number): readonly number[] {
  return Array.from({length: Math.ceil(slotCount / SLICE_SLOTS)}, (_, slice) => slice);
}

export function encodeSlice(
  table: StateColumns,
  slice: number,
  columns: AggregateColumns,
): Uint8Array {
  const from = slice * SLICE_SLOTS;
  const to = Math.min(from + SLICE_SLOTS, table.size);
  assert(from < to, 'the pane has slots there');
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  head[0] = SLICE_VERSION;
  head.writeUInt32BE(to - from, 1);
  const parts: Uint8Array[] = [head];
  for (let slot = from; slot < to; slot++) {
    const states = columns.encode(table, slot);
    parts.push(keyPart(table.keyAt(slot), states.byteLength), states);
  }
  return Buffer.concat(parts);
}

/** Puts a slice's entries into a pane. Throws for bytes that are not what was written. */
export function decodeSlice(slice: Uint8Array, pane: Pane, columns: AggregateColumns): void {
  const bytes = Buffer.from(slice.buffer, slice.byteOffset, slice.byteLength);
  assert(bytes[0] === SLICE_VERSION, `a slice has version ${SLICE_VERSION}`);
  let at = HEAD_BYTES;
  for (let left = bytes.readUInt32BE(1); left > 0; left--) {
    const keyEnd = at + LENGTH_BYTES + bytes.readUInt32BE(at);
    const key = bytes.toString('utf8', at + LENGTH_BYTES, keyEnd);
    const statesStart = keyEnd + LENGTH_BYTES;
    at = statesStart + bytes.readUInt32BE(keyEnd);
    columns.decodeInto(pane.table, pane.place(key), {bytes, from: statesStart, to: at});
  }
  assert(at === bytes.length, 'a slice is no longer than its entries');
}

function keyPart(key: string, stateBytes: number): Buffer {
  const keyBytes = Buffer.byteLength(key);
  const part = Buffer.allocUnsafe(LENGTH_BYTES + keyBytes + LENGTH_BYTES);
  part.writeUInt32BE(keyBytes);
  part.write(key, LENGTH_BYTES);
  part.writeUInt32BE(stateBytes, LENGTH_BYTES + keyBytes);
  return part;
}
