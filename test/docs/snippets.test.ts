/** TypeScript on a page is pasted by its readers: it has to compile as it stands there. */
import {spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, expect, test} from 'vitest';
import * as words from '../../src/define/index.ts';

const ROOT = join(import.meta.dirname, '../..');
const CACHE = join(ROOT, 'node_modules/.cache');
const INDEX = join(ROOT, 'src/define/index.ts');

/** What the pages speak of as given. */
const GIVEN: Readonly<Record<string, string>> = {
  'README.md': '',
  'docs/webhooks.md': '',
  'docs/views.md': `
    const stream = <Schema extends z.ZodObject<{user: z.ZodString}>>(name: string, schema: Schema) =>
      defineStream({name, owner: 'docs', schema, key: (event) => event.user as string, partitions: 1, accept: [apiKey()]});
    const user = z.string();
    const logins = stream('logins', z.object({user, isNewCountry: z.boolean(), country: z.string()}));
    const paymentsByUser = stream('payments', z.object({user, amount: z.number()}));
    const confirmations = stream('confirmations', z.object({user}));
    const readings = defineStream({
      name: 'readings', owner: 'docs', partitions: 1, accept: [apiKey()], key: (reading) => reading.station,
      schema: z.object({station: z.string(), time: z.iso.datetime(), temperatureC: z.number()}),
    });`,
};

mkdirSync(CACHE, {recursive: true});
const folder = mkdtempSync(join(CACHE, 'snippets-'));
afterAll(() => rmSync(folder, {recursive: true}));

test('every TypeScript snippet of the README and the pages compiles', () => {
  const pages = Object.entries(GIVEN).map(([page, given]) => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const snippets = [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(([, snippet]) => snippet!);
    expect(snippets, page).not.toEqual([]);
    return [
      `import * as z from 'zod';`,
      `import {${Object.keys(words).join(', ')}} from '${INDEX}';`,
      given,
      ...snippets,
    ].join('\n');
  });
  pages.forEach((source, index) => writeFileSync(join(folder, `page-${index}.ts`), source));
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(ROOT, 'tsconfig.base.json'),
      compilerOptions: {types: [], lib: ['es2024', 'webworker']},
      include: ['*.ts'],
    }),
  );
  const {stdout, status} = spawnSync(
    join(ROOT, 'node_modules/.bin/tsc'),
    ['-p', folder, '--pretty', 'false'],
    {encoding: 'utf8'},
  );
  expect(stdout).toBe('');
  expect(status).toBe(0);
});
