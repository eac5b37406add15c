import {spawnSync} from 'node:child_process';
import {mkdtempSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {compareCase} from '../../stream-processor/oracle/case-differences.ts';
import {parseCase, type WindowCase} from '../../stream-processor/oracle/oracle-case.ts';
import {runCase} from '../../stream-processor/oracle/run-case.ts';

const folder = join(import.meta.dirname, 'oracle-cases');
const files = readdirSync(folder);
const caseOf = (file: string) => parseCase(readFileSync(join(folder, file), 'utf8'));
/** Late joins, which Kafka Streams leaves to chance. */
const INFORMATIONAL = ['44-join-inner-late.json', '45-join-left-late.json'];

describe('windows and joins do what Kafka Streams does', () => {
  test.each(files)('%s', (file) => {
    const oracle = caseOf(file);
    const {kind, differences} = compareCase(oracle, runCase(oracle));
    if (INFORMATIONAL.includes(file)) expect(kind).toBe('informational');
    else expect({kind, differences}).toEqual({kind: 'compared', differences: []});
  });
});

describe('the comparison', () => {
  const exact = caseOf('01-tumbling-in-order-final.json') as WindowCase;
  const found = runCase(exact);

  test('names a result that is missing, one that is not expected, and one that came after another event', () => {
    const [first, second, ...rest] = found.results;
    const lacking = compareCase(exact, {...found, results: [second!, ...rest]});
    expect(lacking.differences).toHaveLength(1);
    expect(lacking.differences[0]).toMatch(/^missing result /);
    const doubled = compareCase(exact, {...found, results: [first!, ...found.results]});
    expect(doubled.differences).toHaveLength(1);
    expect(doubled.differences[0]).toMatch(/^unexpected result /);
    const early = {...found, results: [{...first, after: 0}, second!, ...rest]};
    expect(compareCase(exact, early).differences).toHaveLength(2);
    expect(compareCase({...exact, comparable: 'values'}, early).differences).toEqual([]);
  });

  test('names a drop that is missing', () => {
    const late = caseOf('07-hopping-late-final.json');
    const {differences} = compareCase(late, {...runCase(late), dropped: []});
    expect(differences).toHaveLength(15);
    expect(differences[0]).toMatch(/^missing drop /);
  });

  test('lets estimates be off by their stated error, but not in a case so small that they are exact', () => {
    const off = {
      ...found,
      results: found.results.map((row) => ({...row, p50: (row['p50'] as number) * 1.005})),
    };
    expect(compareCase(exact, off).differences.length).toBeGreaterThan(0);
    const long = {...exact, events: Array.from({length: 300}, () => exact.events[0]!)};
    expect(compareCase(long, off).differences).toEqual([]);
    const farOff = off.results.map((row) => ({...row, p50: row.p50 * 1.02}));
    expect(compareCase(long, {...off, results: farOff}).differences.length).toBeGreaterThan(0);
  });

  test('takes what a file recommends over what Kafka Streams does', () => {
    const quirk = caseOf('35-session-touch-closed-final.json');
    expect(compareCase(quirk, runCase(quirk)).differences).toEqual([]);
    const {recommended: _, ...plain} = quirk;
    expect(compareCase(plain, runCase(quirk)).differences.length).toBeGreaterThan(0);
  });
});

describe('the command', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'oracle-'));
  const program = join('stream-processor', 'oracle', 'main.ts');

  function write(name: string, text: string): string {
    const path = join(scratch, name);
    writeFileSync(path, text);
    return path;
  }

  function run(...args: readonly string[]) {
    const {status, stdout, stderr} = spawnSync(process.execPath, [program, ...args], {
      encoding: 'utf8',
    });
    return {status, stdout, stderr};
  }

  test('says ok per file, prints a line of JSON per file, and says what differs with exit code 1', () => {
    const [good, alsoGood] = [files[0]!, files[8]!].map((file) => join(folder, file));
    const plain = run(good!, alsoGood!);
    expect(plain).toEqual({status: 0, stdout: `${good}: ok\n${alsoGood}: ok\n`, stderr: ''});

    const json = JSON.parse(readFileSync(good!, 'utf8')) as WindowCase;
    const {expected, ...unexpecting} = json;
    const blank = write('blank.json', JSON.stringify(unexpecting));
    const printed = run('--json', blank, alsoGood!);
    const lines = printed.stdout.trimEnd().split('\n');
    expect([printed.status, lines.length]).toEqual([0, 2]);
    const {results, dropped} = JSON.parse(lines[0]!) as NonNullable<WindowCase['expected']>;
    expect(sorted(results)).toEqual(sorted(expected!.results));
    expect(dropped).toEqual(expected!.dropped);

    const wrong = {...json, expected: {results: expected!.results.slice(1), dropped: []}};
    const differing = run(write('wrong.json', JSON.stringify(wrong)), good!);
    expect(differing.status).toBe(1);
    expect(differing.stdout).toMatch(/wrong\.json: 1 differences\n  unexpected result \{/);
    expect(differing.stdout).toContain(`${good}: ok`);
  });

  test('names a file that is no case, and what is wrong with it, with exit code 2, and runs the others', () => {
    const unreadable = write('unreadable.json', '{"type":');
    const good = join(folder, files[0]!);
    const weekly = {
      ...JSON.parse(readFileSync(good, 'utf8')),
      window: {type: 'weekly', graceMs: 0},
    };
    const unknown = write('unknown.json', JSON.stringify(weekly));
    const {status, stdout, stderr} = run(unreadable, unknown, join(scratch, 'none.json'), good);
    expect(status).toBe(2);
    expect(stderr).toMatch(/unreadable\.json: ORACLE_CASE_INVALID: .*JSON/);
    expect(stderr).toMatch(/unknown\.json: ORACLE_CASE_INVALID: [^]*window\.type/);
    expect(stderr).toMatch(/none\.json: ENOENT/);
    expect(stdout).toBe(`${good}: ok\n`);
  });

  test('without a file, or with an option it does not know, says how it is used', () => {
    expect(run()).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/no file was named.*usage: npm run oracle/) as string,
    });
    expect(run('--yaml', 'x').stderr).toMatch(/usage: npm run oracle/);
  });
});

function sorted(rows: readonly object[]): readonly string[] {
  return rows
    .map((row) => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1))))
    .sort();
}
