/** `npm test [-- VITEST ARGUMENTS]`: a Kafka to test with, then every test; the last line is the count. */
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describeError} from '../src/lib/errors.ts';
import {ensureJars} from './kafka/ensure-jars.ts';
import {runTool} from './run-tool.ts';
import {countTests, summaryLine} from './test-report.ts';

process.exit(await run(process.argv.slice(2)));

async function run(args: readonly string[]): Promise<number> {
  // Also with KAFKA_BROKERS: what kills a broker does so with one of its own.
  try {
    await ensureJars((line) => console.log(line));
  } catch (error) {
    console.error(`the tests need Apache Kafka's own jars: ${describeError(error)}`);
    return 1;
  }
  const directory = await mkdtemp(join(tmpdir(), 'forebay-test-'));
  const reportPath = join(directory, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`];
    const exitCode = await runTool('vitest', ['run', ...reporters, ...args]);
    const report = await readFile(reportPath, 'utf8').catch(() => undefined);
    const counts = countTests(report, exitCode);
    console.log(summaryLine(counts));
    return counts.failed === 0 && counts.passed > 0 ? 0 : 1;
  } finally {
    await rm(directory, {recursive: true});
  }
}
