import {execFile} from 'node:child_process';
import {promisify} from 'node:util';

/** Building an image copies hundreds of megabytes and asks a registry. */
const DEADLINE_MS = 240_000;
const MAX_OUTPUT_BYTES = 16_777_216;

/** Runs a command line tool to its end. @returns what it printed. @throws with what it complained about. */
export async function runTool(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  try {
    const {stdout} = await promisify(execFile)(command, args, {
      env: {...process.env, ...env},
      timeout: DEADLINE_MS,
      maxBuffer: MAX_OUTPUT_BYTES,
    });
    return stdout;
  } catch (error) {
    const {stdout = '', stderr = ''} = error as {stdout?: string; stderr?: string};
    const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-20).join('\n');
    throw new Error(`${command} ${args.join(' ')}\n${said}`, {cause: error});
  }
}
