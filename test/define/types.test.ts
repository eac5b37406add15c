import {spawnSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';

const folder = join(import.meta.dirname, 'type-errors');
const file = join(folder, 'wrong-fields.ts');

test('a wrong field, option or kind of input does not compile, and nothing else is refused', () => {
  const expected = readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line, index) => {
      const codes = /\/\/ error (.+)$/.exec(line)?.[1]?.split(', ') ?? [];
      return codes.map((code) => `${index + 1} ${code}`);
    });
  const {stdout} = spawnSync(
    join('node_modules', '.bin', 'tsc'),
    ['-p', folder, '--pretty', 'false'],
    {
      encoding: 'utf8',
    },
  );
  const found = [...stdout.matchAll(/^[^\s(]+\((\d+),\d+\): error (TS\d+)/gm)].map(
    ([, line, code]) => `${line} ${code}`,
  );
  expect(found).toEqual(expected);
  expect(found.length).toBeGreaterThan(8);
});
