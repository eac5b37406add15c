import {concatBytes} from '../../src/lib/bytes.ts';
import {batchFrames} from '../../src/record/codec.ts';
import {ID_HASH_BYTES} from '../buffer/append-protocol.ts';
import type {EncodedBatch} from '../buffer/append-protocol.ts';

/**
 * The same records in the same order, in batches of at most `maxBytes` with their ids; each opens with the context its
 * records came with. `null` when a single record is larger than that.
 */
export function splitBatch(batch: EncodedBatch, maxBytes: number): readonly EncodedBatch[] | null {
  const {bytes, count, ids} = batch;
  const idBytes = ids === null ? 0 : ID_HASH_BYTES;
  if (bytes.byteLength + count * idBytes <= maxBytes) return [batch];
  const parts: EncodedBatch[] = [];
  let frames: Uint8Array[] = [];
  let size = 0;
  let first = 0;
  let index = 0;
  let context = new Uint8Array();
  let isContextWritten = false;

  const close = () => {
    if (index > first) {
      const partIds = ids?.slice(first * ID_HASH_BYTES, index * ID_HASH_BYTES) ?? null;
      parts.push({bytes: concatBytes(frames), count: index - first, ids: partIds});
    }
    frames = [];
    size = 0;
    first = index;
    isContextWritten = false;
  };
  for (const {start, end, isContext} of batchFrames(bytes)) {
    const frame = bytes.slice(start, end);
    if (isContext) {
      context = frame;
      isContextWritten = false;
      continue;
    }
    const record = frame.byteLength + idBytes;
    if (context.byteLength + record > maxBytes) return null;
    if (size + (isContextWritten ? 0 : context.byteLength) + record > maxBytes) close();
    if (!isContextWritten) {
      frames.push(context);
      size += context.byteLength;
      isContextWritten = true;
    }
    frames.push(frame);
    size += record;
    index += 1;
  }
  close();
  return parts;
}
