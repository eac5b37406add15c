import type {StatusDocument} from '../src/protocol/status.ts';
import type {Unreachable} from './collect-layers.ts';
import {sum} from './measure-stages.ts';
import type {StageName, StageRate} from './stage-rates.ts';

export interface VerdictInput {
  readonly stages: StatusDocument['stages'];
  readonly rates: Readonly<Record<StageName, StageRate>>;
  readonly unreachable: readonly Unreachable[];
  /** The worst first. */
  readonly problems: readonly string[];
}

/** Up to this age what waits is simply on its way. */
const KEEPING_UP_S = 2;

/** What is being done to a record that waits, and the stages it may wait in meanwhile. */
const WORK = [
  {doing: 'draining', stages: ['buffer', 'drain']},
  {doing: 'processing', stages: ['processor', 'result']},
] as const;

/** The state of all stages as one sentence: the worst thing first. What is not known is never called good. */
export function verdictOf(input: VerdictInput): string {
  const silent = [...new Set(input.unreachable.map(({part}) => part))];
  if (silent.length > 0) {
    return `no answer from the ${silent.join(' and the ')}: lag is not known there`;
  }
  const [problem, ...others] = input.problems;
  if (problem !== undefined) {
    return others.length === 0 ? problem : `${problem} (and ${inWords(others.length)} more)`;
  }
  const backlogs = WORK.map(({doing, stages}) => ({doing, ...backlogOf(stages, input)}));
  const unknown = backlogs.find(({lagRecords}) => lagRecords === null);
  if (unknown !== undefined) return `${unknown.doing}: lag is not known`;
  const records = backlogs.reduce((total, {lagRecords}) => total + (lagRecords ?? 0), 0);
  if (records === 0) return 'all caught up';
  const worst = backlogs.reduce((a, b) => (ageOf(b) > ageOf(a) ? b : a));
  if (ageOf(worst) <= KEEPING_UP_S) return `keeping up: ${inWords(records)} on the way`;
  return `${worst.doing}: ${inWords(worst.lagRecords ?? 0)} behind, ${untilEmpty(worst)}`;
}

interface Backlog {
  readonly lagRecords: number | null;
  readonly lagSeconds: number | null;
  readonly shrinkingPerS: number | null;
}

function backlogOf(names: readonly StageName[], {stages, rates}: VerdictInput): Backlog {
  const each = names.map((name) => stages[name]);
  return {
    lagRecords: unlessUnknown(
      each.map((stage) => stage?.lagRecords ?? null),
      sum,
    ),
    lagSeconds: unlessUnknown(
      each.map((stage) => stage?.lagSeconds ?? null),
      (ages) => Math.max(...ages),
    ),
    shrinkingPerS: unlessUnknown(
      names.map((name) => rates[name].shrinkingPerS),
      sum,
    ),
  };
}

function unlessUnknown(
  parts: readonly (number | null)[],
  of: (known: readonly number[]) => number,
): number | null {
  const known = parts.filter((part) => part !== null);
  return known.length === parts.length ? of(known) : null;
}

/** Seconds. What waits for nobody knows how long may wait for ever. */
function ageOf({lagSeconds}: Backlog): number {
  return lagSeconds ?? Number.POSITIVE_INFINITY;
}

function untilEmpty({lagRecords, shrinkingPerS}: Backlog): string {
  if (shrinkingPerS === null) return 'speed not known yet';
  if (shrinkingPerS <= 0) return 'not getting less';
  return `${inWords(Math.ceil((lagRecords ?? 0) / shrinkingPerS))} s to empty`;
}

function inWords(number: number): string {
  return number.toLocaleString('en-US');
}
