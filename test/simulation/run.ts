/**
 * Runs simulations: `node test/simulation/run.ts --seeds 1..20000`, one seed (`--seeds 7`), or the kept schedules
 * (`--regressions`). A seed is one schedule of load and faults over all of Forebay's cores in virtual time, and always the
 * same. A run that fails is shrunk to the faults it takes, printed as a line for regressions.json, and the command ends
 * with status 1. `--faults kill-drain,cut-links`: only such; `--refused 0.1`: that part of the records is refused by Kafka.
 * `--stop-after N` failures, `--seconds N`; `--json`: one line of JSON at the end instead of sentences; `--show`: the history.
 */
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {shrink} from '../chaos/schedule/shrink.ts';
import {installVirtualGlobals} from './engine/virtual-globals.ts';
import {loadGateway} from './gateway/load-shard.ts';
import {FAULT_KINDS, scheduleOf, type Focus, type Schedule} from './schedule.ts';
import {simulate, type SimulationResult} from './simulate.ts';

/** Runs spent on making one failing schedule smaller. */
const MAX_SHRINK_RUNS = 200;

const {values: options} = parseArgs({
  options: {
    seeds: {type: 'string', default: '1..200'},
    regressions: {type: 'boolean', default: false},
    'stop-after': {type: 'string', default: '1'},
    'no-shrink': {type: 'boolean', default: false},
    json: {type: 'boolean', default: false},
    show: {type: 'boolean', default: false},
    seconds: {type: 'string', default: '3600'},
    faults: {type: 'string'},
    refused: {type: 'string'},
  },
});

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const realNow = (): bigint => process.hrtime.bigint();
installVirtualGlobals();
const gateway = await loadGateway();
const folder = mkdtempSync(join(memoryFolder(), 'forebay-simulation-'));

function memoryFolder(): string {
  try {
    const folder = '/dev/shm';
    rmSync(mkdtempSync(join(folder, 'probe-')), {recursive: true});
    return folder;
  } catch {
    return tmpdir();
  }
}

const focus: Focus = {
  kinds: options.faults?.split(',').map((name) => {
    const kind = FAULT_KINDS.find((kind) => kind === name);
    if (kind === undefined) throw new Error(`no kind of fault is called ${name}`);
    return kind;
  }),
  refusedPart: options.refused === undefined ? undefined : Number(options.refused),
};

function* schedules(): Generator<Schedule> {
  if (options.regressions) {
    const path = new URL('./regressions.json', import.meta.url);
    yield* (JSON.parse(readFileSync(path, 'utf8')) as {schedules: Schedule[]}).schedules;
    return;
  }
  const [first, last] = options.seeds.split('..').map(Number);
  for (let seed = first!; seed <= (last ?? first!); seed++) yield scheduleOf(seed, focus);
}

/** A run that throws has failed as well. */
async function attempt(schedule: Schedule): Promise<SimulationResult | Error> {
  try {
    return await simulate({schedule, gateway, folder});
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

const isGood = (result: SimulationResult | Error): boolean =>
  !(result instanceof Error) && result.verdict.isGood;

async function tellFailure(schedule: Schedule, result: SimulationResult | Error): Promise<void> {
  if (options.json) return;
  say(`seed ${schedule.seed} fails:`);
  if (result instanceof Error) say(`  ${result.stack}`);
  else
    for (const {invariant, detail} of result.verdict.violations) say(`  ${invariant}: ${detail}`);
  if (options['no-shrink']) return;
  let tries = 0;
  const fails = async (fewer: Schedule['faults']): Promise<boolean> => {
    tries += 1;
    return !isGood(await attempt({...schedule, faults: fewer}));
  };
  const isOver = (): boolean => tries >= MAX_SHRINK_RUNS;
  const faults = (await fails([])) ? [] : await shrink({faults: schedule.faults, fails, isOver});
  say(`it takes ${faults.length} of its ${schedule.faults.length} faults:`);
  say(JSON.stringify({...schedule, faults}));
}

const start = realNow();
const secondsPassed = () => Number(realNow() - start) / 1e9;
const totals = {runs: 0, failures: 0, events: 0, accepted: 0, faults: 0};
const violations: Record<string, number> = {};
const digests: string[] = [];
const failedSeeds: number[] = [];
for (const schedule of schedules()) {
  if (secondsPassed() > Number(options.seconds)) break;
  const result = await attempt(schedule);
  totals.runs += 1;
  totals.faults += schedule.faults.length;
  if (!(result instanceof Error)) {
    totals.events += result.events;
    totals.accepted += result.verdict.counts.accepted;
    digests.push(result.digest);
    for (const {invariant} of result.verdict.violations)
      violations[invariant] = (violations[invariant] ?? 0) + 1;
    if (options.show) for (const entry of result.history) say(JSON.stringify(entry));
  } else violations['error'] = (violations['error'] ?? 0) + 1;
  if (isGood(result)) continue;
  totals.failures += 1;
  failedSeeds.push(schedule.seed);
  await tellFailure(schedule, result);
  if (totals.failures >= Number(options['stop-after'])) break;
}
rmSync(folder, {recursive: true, force: true});
if (options.json) say(JSON.stringify({...totals, failedSeeds, violations, digests}));
else {
  const seconds = secondsPassed();
  const perMinute = Math.round((totals.runs / seconds) * 60);
  say(
    `${totals.runs} runs, ${totals.failures} failed, in ${seconds.toFixed(1)} s: ${perMinute} seeds a minute; ` +
      `${totals.accepted} events accepted, ${totals.faults} faults`,
  );
}
process.exitCode = totals.failures === 0 ? 0 : 1;
