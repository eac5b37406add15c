import type {HistoryEntry} from '../history/entry.ts';
import type {Verdict} from '../history/verdict.ts';
import type {Schedule} from '../schedule/schedule.ts';
import {recoveriesOf, type PartRecovery} from './recoveries.ts';

export interface Report {
  readonly isGood: boolean;
  readonly seed: number;
  readonly command: string;
  readonly stateDir: string;
  readonly minutes: number;
  readonly durationMs: number;
  readonly rate: number;
  readonly client: string;
  readonly counts: Verdict['counts'];
  readonly violations: Verdict['violations'];
  /** Distinct events that were sent, and HTTP answers by status; 0 is no answer. */
  readonly eventsSent: number;
  readonly answers: Readonly<Record<string, number>>;
  readonly recoveries: readonly PartRecovery[];
  /** What proxies did to single frames, e.g. `hold EndTxn answer`. */
  readonly framesHit: Readonly<Record<string, number>>;
  readonly residentBytes: Readonly<Record<string, number>>;
  /** Processes started again, by name. */
  readonly restarts: Readonly<Record<string, number>>;
}

export interface ReportOptions {
  /** Reads the history once more, from its beginning. */
  readonly entries: () => Iterable<HistoryEntry>;
  readonly verdict: Verdict;
  readonly schedule: Schedule;
  readonly command: string;
  readonly stateDir: string;
  readonly durationMs: number;
  readonly framesHit: Readonly<Record<string, number>>;
  readonly residentBytes: ReadonlyMap<string, number>;
  readonly restarts: ReadonlyMap<string, number>;
}

export function reportOf(options: ReportOptions): Report {
  const {entries, verdict, schedule, command, stateDir, durationMs} = options;
  return {
    isGood: verdict.isGood,
    seed: schedule.seed,
    command,
    stateDir,
    minutes: schedule.minutes,
    durationMs,
    rate: schedule.rate,
    client: schedule.client,
    counts: verdict.counts,
    violations: verdict.violations,
    ...countSends(entries()),
    recoveries: recoveriesOf(entries()),
    framesHit: options.framesHit,
    residentBytes: Object.fromEntries(options.residentBytes),
    restarts: Object.fromEntries(options.restarts),
  };
}

function countSends(entries: Iterable<HistoryEntry>): Pick<Report, 'eventsSent' | 'answers'> {
  const ids = new Set<string>();
  const answers: Record<string, number> = {};
  for (const entry of entries) {
    if (entry.type !== 'send') continue;
    if (entry.op === 'invoke') for (const {id} of entry.events) ids.add(id);
    else {
      const status = entry.op === 'unknown' ? 'unknown' : String(entry.status);
      answers[status] = (answers[status] ?? 0) + 1;
    }
  }
  return {eventsSent: ids.size, answers};
}
