import {writeFileSync, rmSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {ForebayError} from '../../src/lib/errors.ts';
import {commandOf} from './process-table.ts';

export const LOCK_FILE = 'supervisor';

/**
 * One supervisor per state directory. The file holds the owner's pid and command line: a pid alone may since belong
 * to someone else, and a killed owner must not lock the directory for ever.
 *
 * @returns the release
 * @throws ForebayError `STATE_DIR_BUSY`
 */
export async function lockStateDir(stateDir: string): Promise<() => void> {
  const path = join(stateDir, LOCK_FILE);
  const [pid, command] = (await readFile(path, 'utf8').catch(() => '')).split('\n');
  if (command !== undefined && (await commandOf(Number(pid))) === command) {
    throw new ForebayError({
      code: 'STATE_DIR_BUSY',
      message: `${stateDir} is in use by a running start (process ${pid})`,
      hint: 'stop it first, or choose another directory with FOREBAY_STATE_DIR',
    });
  }
  rmSync(path, {force: true});
  // `wx`: of two starts that both found a dead owner, one fails here.
  writeFileSync(path, `${process.pid}\n${await commandOf(process.pid)}`, {flag: 'wx'});
  return () => rmSync(path, {force: true});
}
