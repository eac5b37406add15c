import {readFile} from 'node:fs/promises';

/** What each needs stands before it. */
const FILES = [
  '../../src/lib/sleep.ts',
  'runtime/request.ts',
  'runtime/follow.ts',
  'runtime/stream-client.ts',
  'runtime/view-client.ts',
  'runtime/sql.ts',
  'runtime/features.ts',
];
const IMPORT = /^import .* from '\.{1,2}\/.*;\n/gm;

/** The part of every client that is the same for all pipelines: these files as one. */
export async function clientRuntime(): Promise<string> {
  const files = await Promise.all(
    FILES.map((path) => readFile(new URL(path, import.meta.url), 'utf8')),
  );
  return files.map((source) => source.replaceAll(IMPORT, '').trim()).join('\n\n');
}
