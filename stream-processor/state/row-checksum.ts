import {crc32} from 'node:zlib';
import {ForebayError} from '../../src/lib/errors.ts';

/** CRC-32 of what a row is named by and of what it holds. SQLite itself checks no content. */
export function rowChecksum(
  name: readonly (string | number)[],
  content: string | Uint8Array,
): number {
  return crc32(content, crc32(name.join('\0')));
}

export const WRONG_CHECKSUM = 'a row does not have its checksum';

export function damagedTable(table: string, problem: string): ForebayError {
  return new ForebayError({
    code: 'CHECKPOINT_UNUSABLE',
    message: `the checkpoint's table "${table}" is damaged: ${problem}`,
    hint: 'the checkpoint is deleted and built anew from the topics',
  });
}
