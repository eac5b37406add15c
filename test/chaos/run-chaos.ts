/**
 * `npm run chaos -- --seed N --minutes M`: a Forebay of real processes under real faults, and a judgement of all that was
 * seen from outside. Exits 0 when nothing is wrong, 1 on any violation, 2 when the options are.
 */
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describeError} from '../../src/lib/errors.ts';
import {parseOptions, USAGE} from './options.ts';
import {markdownTable, textTable} from './report/report-lines.ts';
import {runOnce, type JudgedRun} from './run-once.ts';
import {shrinkRun} from './shrink-run.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

process.exit(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (typeof options === 'string') {
    say(`${options}\n${USAGE}`);
    return EXIT_USAGE;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
  const stateDir = mkdtempSync(join(tmpdir(), 'forebay-chaos-'));
  say(`seed ${options.seed}; state in ${stateDir}`);
  const runOptions = {...options, stateDir, onProgress: say, stop: stop.signal};
  let judged: JudgedRun;
  try {
    judged = await runOnce(runOptions);
  } catch (error) {
    say(stop.signal.aborted ? 'ended before there was anything to judge' : describeError(error));
    say(`logs are in ${stateDir}`);
    return EXIT_FAILED;
  }
  const {report} = judged;
  writeFileSync(join(stateDir, 'report.md'), `${markdownTable(report)}\n`);
  writeFileSync(join(stateDir, 'report.json'), JSON.stringify(report));
  console.log(textTable(report));
  for (const {invariant, detail} of report.violations) console.log(`${invariant}: ${detail}`);
  if (!report.isGood && options.shrink !== undefined) {
    const name = options.shrink;
    const within = {failed: judged, name, withinMinutes: options.minutes};
    say(`the smallest schedule that failed: ${await shrinkRun({...within, options: runOptions})}`);
  }
  if (options.isJson) console.log(JSON.stringify(report));
  if (report.isGood && !options.isKept) rmSync(stateDir, {recursive: true, force: true});
  else say(`history, logs and schedule are in ${stateDir}`);
  return report.isGood ? 0 : EXIT_FAILED;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
