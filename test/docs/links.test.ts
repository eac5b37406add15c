import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {expect, test} from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`),
];

test('every link of a page leads to a file, and to a heading of it where it names one', () => {
  const broken = PAGES.flatMap((page) =>
    linksOf(page)
      .filter(
        ({path, heading}) => !leads(page === path ? page : join(dirname(page), path), heading),
      )
      .map(({path, heading}) => `${page}: ${path}${heading}`),
  );
  expect(broken).toEqual([]);
  expect(PAGES.flatMap(linksOf).length).toBeGreaterThan(20);
});

function linksOf(page: string) {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...text.matchAll(/\]\((?!https?:)([^)#]*)(#[^)]*)?\)/g)].map(
    ([, path, heading = '']) => ({
      path: path === '' ? page : path!,
      heading,
    }),
  );
}

function leads(path: string, heading: string): boolean {
  const file = join(ROOT, path);
  if (!existsSync(file)) return false;
  if (heading === '') return true;
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].some(
    ([, words]) => heading === `#${slugOf(words!)}`,
  );
}

/** As GitHub makes it. */
function slugOf(words: string): string {
  return words
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} -]/gu, '')
    .replaceAll(' ', '-');
}
