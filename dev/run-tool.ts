import {spawn} from 'node:child_process';
import {delimiter, join} from 'node:path';

const ROOT = join(import.meta.dirname, '..');

/** Runs one of the project's tools in the foreground; resolves with its exit code. Signals to this process are passed on. */
export function runTool(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const bin = join(ROOT, 'node_modules', '.bin');
    const child = spawn(join(bin, command), args, {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`},
    });
    const passOn = (signal: NodeJS.Signals): void => void child.kill(signal);
    process.on('SIGINT', passOn).on('SIGTERM', passOn);
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      process.off('SIGINT', passOn).off('SIGTERM', passOn);
      if (signal !== null) process.stderr.write(`${command} was ended by ${signal}\n`);
      resolve(code ?? 1);
    });
  });
}
