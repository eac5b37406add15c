import {readFileSync} from 'node:fs';
import {rename, writeFile} from 'node:fs/promises';

/** How far a clock is off, in milliseconds; 0 when nobody has said so. */
export function readClockFile(path: string): number {
  try {
    const ms = Number(readFileSync(path, 'utf8'));
    return Number.isFinite(ms) ? ms : 0;
  } catch {
    return 0;
  }
}

/** Whole or not at all: it is read at any moment. */
export async function writeClockFile(path: string, offsetMs: number): Promise<void> {
  await writeFile(`${path}.new`, String(offsetMs));
  await rename(`${path}.new`, path);
}
