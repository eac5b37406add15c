#!/usr/bin/env node
/**
 * `npx forebay VERB`: runs the command on the project's own Node, whatever Node npx runs on (20 or newer).
 */
import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {constants} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const node = join(root, 'node_modules', '.bin', 'node');

if (existsSync(node)) {
  const child = spawn(node, [join(root, 'cli', 'main.ts'), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  // The terminal sends its signals to both; this process only waits for the other's end.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
} else {
  process.stderr.write('Forebay is not installed yet: run npm ci first, or npm start.\n');
  process.exitCode = 1;
}
