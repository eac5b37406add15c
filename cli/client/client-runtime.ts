import {readFile} from 'node:fs/promises';

/** What each needs stands before it. */
const FILES = ['request', 'follow', 'stream-client', 'view-client', 'sql', 'features'];
const IMPORT = /^import .* from '\.\/.*;\n/gm;

/** The part of every client that is the same for all pipelines: the files of `runtime/`, as one. */
export async function clientRuntime(): Promise<string> {
  const files = await Promise.all(
    FILES.map((name) => readFile(new URL(`runtime/${name}.ts`, import.meta.url), 'utf8')),
  );
  return files.map((source) => source.replaceAll(IMPORT, '').trim()).join('\n\n');
}
