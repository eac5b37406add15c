import {closeSync, openSync, readSync} from 'node:fs';
import {StringDecoder} from 'node:string_decoder';
import type {HistoryEntry} from '../history/entry.ts';

const CHUNK_BYTES = 1_048_576;

/** The entries of a history file in order, one chunk in memory at a time. */
export function* readHistory(path: string): Generator<HistoryEntry> {
  const file = openSync(path, 'r');
  const chunk = Buffer.alloc(CHUNK_BYTES);
  const decoder = new StringDecoder('utf8');
  try {
    let rest = '';
    for (;;) {
      const bytes = readSync(file, chunk);
      if (bytes === 0) break;
      const lines = (rest + decoder.write(chunk.subarray(0, bytes))).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield JSON.parse(line) as HistoryEntry;
    }
    if (rest !== '') yield JSON.parse(rest) as HistoryEntry;
  } finally {
    closeSync(file);
  }
}
