import type {StatusDocument} from '../src/protocol/status.ts';
import type {Unreachable} from './collect-layers.ts';
import type {StageName, StageRate} from './stage-rates.ts';

export interface VerdictInput {
  readonly stages: StatusDocument['stages'];
  readonly rates: Readonly<Record<StageName, StageRate>>;
  readonly unreachable: readonly Unreachable[];
}

/** Up to this age what waits is simply on its way. */
const KEEPING_UP_S = 2;

/** What is being done to a record that waits, and the stages it may wait in meanwhile. */
const WORK = [
  {doing: 'draining', stages: ['buffer', 'drain']},
  {doing: 'processing', stages: ['processor', 'result']},
] as const;

/** The state of all stages as one sentence: the worst thing first. */
export function verdictOf(input: VerdictInput): string {
  const silent = [...new Set(input.unreachable.map(({part}) => part))];
  if (silent.length > 0) {
    return `no answer from the ${silent.join(' and the ')}: lag is not known there`;
  }
  const backlogs = WORK.map(({doing, stages}) => ({doing, ...backlogOf(stages, input)}));
  const records = backlogs.reduce((total, {lagRecords}) => total + lagRecords, 0);
  if (records === 0) return 'all caught up';
  const worst = backlogs.reduce((a, b) => (b.lagSeconds > a.lagSeconds ? b : a));
  if (worst.lagSeconds <= KEEPING_UP_S) return `keeping up: ${inWords(records)} on the way`;
  return `${worst.doing}: ${inWords(worst.lagRecords)} behind, ${untilEmpty(worst)}`;
}

interface Backlog {
  readonly lagRecords: number;
  readonly lagSeconds: number;
  readonly shrinkingPerS: number | null;
}

function backlogOf(names: readonly StageName[], {stages, rates}: VerdictInput): Backlog {
  const each = names.map((name) => stages[name]);
  const shrinking = names.map((name) => rates[name].shrinkingPerS);
  return {
    lagRecords: each.reduce((total, stage) => total + (stage?.lagRecords ?? 0), 0),
    lagSeconds: Math.max(...each.map((stage) => stage?.lagSeconds ?? 0)),
    shrinkingPerS: shrinking.reduce(
      (total, one) => (total === null || one === null ? null : total + one),
      0,
    ),
  };
}

function untilEmpty({lagRecords, shrinkingPerS}: Backlog): string {
  if (shrinkingPerS === null) return 'speed not known yet';
  if (shrinkingPerS <= 0) return 'not getting less';
  return `${inWords(Math.ceil(lagRecords / shrinkingPerS))} s to empty`;
}

function inWords(number: number): string {
  return number.toLocaleString('en-US');
}
