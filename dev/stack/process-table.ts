import {execFile} from 'node:child_process';
import {readFile} from 'node:fs/promises';
import {promisify} from 'node:util';

const run = promisify(execFile);

/** The command line of a running process; `undefined` when there is no such process, or only its remains (a zombie). */
export async function commandOf(pid: number): Promise<string | undefined> {
  const command = process.platform === 'linux' ? await fromProc(pid) : await fromPs(pid);
  return command === '' ? undefined : command;
}

async function fromProc(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
  return text?.replaceAll('\0', ' ').trim();
}

async function fromPs(pid: number): Promise<string | undefined> {
  const found = await run('ps', ['-o', 'command=', '-p', String(pid)]).catch(() => undefined);
  const command = found?.stdout.trim();
  return command?.endsWith('<defunct>') === true ? undefined : command;
}
