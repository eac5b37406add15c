import {setTimeout as sleep} from 'node:timers/promises';
import {describeError} from '../../../src/lib/errors.ts';
import {randomOf} from '../../../dev/random-of.ts';
import type {Fault, FaultMaker} from '../faults/fault.ts';
import type {HistoryWriter} from '../observe/history-writer.ts';
import type {RecoveringPart, SignsOfLife} from '../observe/signs-of-life.ts';
import type {ScheduledFault} from './schedule.ts';

/** A fault that neither starts nor stops is told of, and the run goes on. */
const STEP_DEADLINE_MS = 180_000;

export interface RunScheduleOptions {
  readonly faults: readonly ScheduledFault[];
  readonly makers: readonly FaultMaker[];
  readonly history: HistoryWriter;
  readonly signs: SignsOfLife;
  readonly onFault: (fault: ScheduledFault) => void;
  /** Ends waiting; what is in force is undone all the same. */
  readonly stop: AbortSignal;
}

/** Runs every fault at its time, overlapping as the schedule has it; resolves when all are undone. */
export async function runSchedule(options: RunScheduleOptions): Promise<void> {
  const startMs = performance.now();
  const makers = new Map(options.makers.map((maker) => [maker.kind, maker]));
  const running: Promise<void>[] = [];
  for (const scheduled of options.faults) {
    const waitMs = startMs + scheduled.atMs - performance.now();
    if (waitMs > 0) await pause(waitMs, options.stop);
    if (options.stop.aborted) break;
    const maker = makers.get(scheduled.kind);
    if (maker === undefined) options.history.note(`no fault of kind ${scheduled.kind} here`);
    else running.push(runFault(scheduled, maker, options));
  }
  await Promise.all(running);
}

async function runFault(
  scheduled: ScheduledFault,
  maker: FaultMaker,
  {history, signs, onFault, stop}: RunScheduleOptions,
): Promise<void> {
  const fault: Fault = maker.make(randomOf(scheduled.seed));
  const words = {fault: scheduled.fault, kind: fault.kind, target: fault.target};
  onFault(scheduled);
  history.add({type: 'fault', op: 'start', ...words, detail: fault.detail});
  const part = recoveringPart(maker);
  if (part !== undefined) signs.watch(scheduled.fault, part);
  await step('start', () => fault.start());
  await pause(fault.durationMs, stop);
  await step('stop', () => fault.stop());
  history.add({type: 'fault', op: 'stop', ...words});

  async function step(name: string, run: () => Promise<void>): Promise<void> {
    const late = new AbortController();
    try {
      await Promise.race([
        run(),
        sleep(STEP_DEADLINE_MS, undefined, {signal: late.signal}).then(() => {
          throw new Error(`not done after ${STEP_DEADLINE_MS} ms`);
        }),
      ]);
    } catch (error) {
      history.note(
        `fault ${scheduled.fault} (${fault.kind}) did not ${name}: ${describeError(error)}`,
      );
    } finally {
      late.abort();
    }
  }
}

/** Whose recovery is measured: of a process that is gone at once. */
function recoveringPart({kind, part}: FaultMaker): RecoveringPart | undefined {
  if (!kind.startsWith('kill-')) return undefined;
  return part === 'kafka' || part === 'gateway' || part === 'drain' || part === 'processor'
    ? part
    : undefined;
}

async function pause(ms: number, stop: AbortSignal): Promise<void> {
  await sleep(ms, undefined, {signal: stop}).catch(() => undefined);
}
