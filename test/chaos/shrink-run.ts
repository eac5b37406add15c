import {mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {runOnce, type JudgedRun, type RunOnceOptions} from './run-once.ts';
import {broughtForward, minutesFor} from './schedule/brought-forward.ts';
import type {Schedule} from './schedule/schedule.ts';
import {shrink} from './schedule/shrink.ts';

const REGRESSIONS = join(import.meta.dirname, 'regressions');

export interface ShrinkRunOptions {
  /** The run that failed, and how it was run. */
  readonly failed: JudgedRun;
  readonly options: RunOnceOptions;
  /** Of the regression. */
  readonly name: string;
  /** All runs together begin within this. */
  readonly withinMinutes: number;
}

/** Runs with ever fewer of a failing run's faults, and keeps the smallest schedule that failed. Returns its path. */
export async function shrinkRun({
  failed,
  options,
  name,
  withinMinutes,
}: ShrinkRunOptions): Promise<string> {
  const {stateDir, onProgress, stop} = options;
  const endMs = performance.now() + withinMinutes * 60_000;
  let {report} = failed;
  let runs = 0;
  const smallest = await shrink({
    faults: failed.schedule.faults,
    isOver: () => stop.aborted || performance.now() > endMs,
    async fails(some) {
      runs += 1;
      const faults = broughtForward(some);
      const dir = join(stateDir, `shrink-${runs}`);
      onProgress(`run ${runs} with ${faults.length} faults`);
      const judged = await runOnce({
        ...options,
        faults,
        minutes: minutesFor(faults),
        stateDir: dir,
      });
      onProgress(judged.report.isGood ? 'it passes' : 'it fails');
      if (judged.report.isGood) rmSync(dir, {recursive: true, force: true});
      else ({report} = judged);
      return !judged.report.isGood;
    },
  });
  const faults = [...broughtForward(smallest)];
  const schedule: Schedule = {
    ...failed.schedule,
    minutes: minutesFor(faults),
    note: report.violations.map(({invariant, detail}) => `${invariant}: ${detail}`).join('; '),
    faults,
  };
  mkdirSync(REGRESSIONS, {recursive: true});
  const path = join(REGRESSIONS, `${name}.json`);
  writeFileSync(path, `${JSON.stringify(schedule, undefined, 2)}\n`);
  return path;
}
