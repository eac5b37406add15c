/**
 * Promises 1, 2, 3, 4 and 6 for a minute: a Forebay of real processes, faults of every part from one seed, and a judge that
 * knows only what was seen from outside. The long form is `npm run chaos`.
 */
import {existsSync, mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, expect, test} from 'vitest';
import {textTable} from './report/report-lines.ts';
import {runOnce, type JudgedRun} from './run-once.ts';
import {readSchedule} from './schedule/schedule.ts';

const SEED = Number(process.env['FOREBAY_CHAOS_SEED'] ?? 5);
const MINUTES = 0.75;
const FAULTS_PER_MINUTE = 18;
const RATE = 120;
const DEADLINE_MS = 600_000;
/** Of every part something, and nothing that takes half a minute by itself. */
const KINDS = [
  'kill-gateway',
  'kill-drain',
  'kill-processor',
  'kill-broker',
  'stop-drain',
  'hijack-drain',
  'abort-shard',
  'deploy-gateway',
  'move-leaders',
  'narrow-topic',
  'cut-drain-link',
  'lose-answer-kafka-link',
  'hold-end-into-next-transaction-kafka-link',
  'lose-answer-sender-link',
];
const REGRESSIONS = join(import.meta.dirname, 'regressions');

const stop = new AbortController();
let stateDir: string | undefined;
afterEach(({task}) => {
  // What failed stays to be looked into.
  if (stateDir !== undefined && task.result?.state !== 'fail')
    rmSync(stateDir, {recursive: true, force: true});
  stateDir = undefined;
});

test(
  `nothing is lost, doubled, reordered or wrong in a minute of faults (FOREBAY_CHAOS_SEED=${SEED})`,
  {timeout: DEADLINE_MS},
  async () => {
    const {report} = await run({seed: SEED, minutes: MINUTES, rate: RATE, client: 'platformatic'});
    expect(report.violations, `see ${report.stateDir}`).toEqual([]);
    expect(Object.keys(report.counts.faults).length, 'kinds of faults').toBeGreaterThan(5);
    expect(report.counts.accepted, 'events').toBeGreaterThan(200);
    expect(report.counts.windows, 'windows').toBeGreaterThan(100);
  },
);

const kept = existsSync(REGRESSIONS)
  ? readdirSync(REGRESSIONS).filter((file) => file.endsWith('.json'))
  : [];

test.skipIf(kept.length === 0).each(kept)(
  'what once went wrong goes right: %s',
  {timeout: DEADLINE_MS},
  async (file) => {
    const {report} = await run(readSchedule(join(REGRESSIONS, file)));
    expect(report.violations, `see ${report.stateDir}`).toEqual([]);
  },
);

async function run(
  options: Pick<Parameters<typeof runOnce>[0], 'seed' | 'minutes' | 'rate' | 'client' | 'faults'>,
): Promise<JudgedRun> {
  stateDir = mkdtempSync(join(tmpdir(), 'forebay-chaos-'));
  console.log(`seed ${options.seed}; state in ${stateDir}`);
  const judged = await runOnce({
    ...options,
    stateDir,
    only: new Set(KINDS),
    faultsPerMinute: FAULTS_PER_MINUTE,
    command: `npm run chaos -- --schedule ${join(stateDir, 'schedule.json')}`,
    onProgress: (line) => console.log(line),
    stop: stop.signal,
  });
  console.log(textTable(judged.report));
  return judged;
}
