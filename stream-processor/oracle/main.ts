/**
 * `npm run oracle -- [--json] FILE…`: runs case files through the engine of the processor and says what it does differently
 * from what the file expects. With `--json` it prints what the engine does, one line of JSON per file, and compares nothing.
 * Exit codes: 0 all agree, 1 something differs, 2 wrong usage or a file that is no case.
 */
import {readFile} from 'node:fs/promises';
import {parseArgs} from 'node:util';
import {describeError, ForebayError, toError} from '../../src/lib/errors.ts';
import {compareCase, type Comparison} from './case-differences.ts';
import {parseCase} from './oracle-case.ts';
import {runCase} from './run-case.ts';

const EXIT_DIFFERS = 1;
const EXIT_USAGE = 2;
/** Of a file; the rest is counted. */
const MAX_SHOWN = 20;
const USAGE = 'usage: npm run oracle -- [--json] FILE…';

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  try {
    const {values, positionals} = parseArguments(args);
    for (const file of positionals) {
      const worst = await runFile(file, values.json);
      exitCode = Math.max(exitCode, worst);
    }
    return exitCode;
  } catch (error) {
    process.stderr.write(`${describeError(error)}\n`);
    return EXIT_USAGE;
  }
}

function parseArguments(args: readonly string[]) {
  try {
    const parsed = parseArgs({
      args: [...args],
      options: {json: {type: 'boolean', default: false}},
      allowPositionals: true,
    });
    if (parsed.positionals.length > 0) return parsed;
  } catch (error) {
    throw new ForebayError({code: 'USAGE', message: toError(error).message, hint: USAGE});
  }
  throw new ForebayError({code: 'USAGE', message: 'no file was named', hint: USAGE});
}

async function runFile(file: string, isJson: boolean): Promise<number> {
  try {
    const oracle = parseCase(await readFile(file, 'utf8'));
    const found = runCase(oracle);
    if (isJson) {
      process.stdout.write(`${JSON.stringify(found)}\n`);
      return 0;
    }
    const comparison = compareCase(oracle, found);
    process.stdout.write(`${report(file, comparison)}\n`);
    return isDifferent(comparison) ? EXIT_DIFFERS : 0;
  } catch (error) {
    process.stderr.write(`${file}: ${describeError(error)}\n`);
    return EXIT_USAGE;
  }
}

function isDifferent({kind, differences}: Comparison): boolean {
  return kind === 'compared' && differences.length > 0;
}

function report(file: string, comparison: Comparison): string {
  const {kind, differences} = comparison;
  if (kind === 'nothing-expected') return `${file}: ran; the file has no expected results`;
  if (kind === 'informational' && differences.length > 0)
    return `${file}: ok (for information: ${differences.length} differences from Kafka Streams, docs/kafka-streams.md)`;
  if (!isDifferent(comparison)) return `${file}: ok`;
  const shown = differences.slice(0, MAX_SHOWN).map((difference) => `  ${difference}`);
  const more = differences.length - shown.length;
  const rest = more > 0 ? [`  and ${more} more`] : [];
  return [`${file}: ${differences.length} differences`, ...shown, ...rest].join('\n');
}
