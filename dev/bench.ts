/** `npm run bench [-- NAME [ARGUMENTS]]`: one bench, or a list of them with what each one asks. */
import {readdir, readFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {runTool} from './run-tool.ts';

const EXIT_USAGE = 2;
const DIRECTORY = join(import.meta.dirname, '..', 'bench');

process.exit(await run(process.argv.slice(2)));

async function run([name, ...args]: readonly string[]): Promise<number> {
  const names = await benchNames();
  if (name === undefined) {
    for (const each of names) console.log(`${each.padEnd(12)} ${await questionOf(each)}`);
    return 0;
  }
  if (!names.includes(name)) {
    console.error(`there is no bench "${name}"; there are: ${names.join(', ')}`);
    return EXIT_USAGE;
  }
  return runTool('node', [join(DIRECTORY, `${name}.ts`), ...args]);
}

async function benchNames(): Promise<string[]> {
  const entries = await readdir(DIRECTORY).catch(() => []);
  return entries
    .filter((file) => file.endsWith('.ts'))
    .map((file) => basename(file, '.ts'))
    .sort();
}

/** The first sentence of the comment a bench begins with. */
async function questionOf(name: string): Promise<string> {
  const source = await readFile(join(DIRECTORY, `${name}.ts`), 'utf8');
  const comment = /\/\*\*([\s\S]*?)\*\//.exec(source)?.[1] ?? '';
  const text = comment.replaceAll(/\s*\n\s*\* ?/g, ' ').trim();
  return /^.*?[.?!](?=\s|$)/.exec(text)?.[0] ?? text;
}
