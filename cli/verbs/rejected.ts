import {wantsDeadLetters, REJECTED_OPTIONS, rejectedRecords} from '../rejected-records.ts';
import type {RejectedRecord} from '../rejected-records.ts';
import type {Verb, VerbCall} from '../verb.ts';

/** Groups shown; the rest is one line. */
const MAX_GROUPS = 50;

interface Group {
  readonly code: string;
  readonly pointer: string;
  readonly detail: string;
  count: number;
  readonly firstMs: number;
  lastMs: number;
  /** Of the latest. */
  id: string;
}

export const rejected: Verb = {
  name: 'rejected',
  summary:
    'What a stream rejected, or Kafka did not take, grouped by the first thing that was wrong.',
  usage: ['STREAM [--dead-letters] [--reason CODE] [--since TIME] [--id ID]'],
  options: REJECTED_OPTIONS,
  async run(call) {
    const groups = new Map<string, Group>();
    let count = 0;
    for await (const record of rejectedRecords('rejected', call)) {
      count += 1;
      addTo(groups, record);
    }
    const what = wantsDeadLetters(call) ? 'deadLetters' : 'rejected';
    const sorted = [...groups.values()].sort((a, b) => b.count - a.count);
    return {
      json: {[what]: count, groups: sorted.map(jsonOf)},
      lines: [
        `${count} ${what === 'rejected' ? what : 'dead letters'}`,
        ...sorted.slice(0, MAX_GROUPS).map(lineOf),
        ...(sorted.length > MAX_GROUPS ? [`and ${sorted.length - MAX_GROUPS} more reasons`] : []),
        ...(count > 0 ? [nextStep(call)] : []),
      ],
    };
  },
};

function nextStep(call: VerbCall): string {
  const stream = call.positionals[0]!;
  return wantsDeadLetters(call)
    ? `next: alter the topic of ${stream} until it takes them, then forebay replay ${stream} --dead-letters`
    : `next: mend the schema, then forebay replay ${stream}`;
}

function addTo(groups: Map<string, Group>, {issues, receivedMs, id}: RejectedRecord): void {
  const [issue] = issues;
  const {code = 'unknown', pointer = '#', detail = ''} = issue ?? {};
  const name = JSON.stringify([code, pointer, detail]);
  const group = groups.get(name);
  if (group === undefined) {
    groups.set(name, {
      code,
      pointer,
      detail,
      count: 1,
      firstMs: receivedMs,
      lastMs: receivedMs,
      id,
    });
    return;
  }
  group.count += 1;
  group.lastMs = receivedMs;
  group.id = id;
}

function lineOf({count, code, pointer, detail, lastMs, id}: Group): string {
  return `${String(count).padStart(8)}  ${code}  ${pointer}  ${detail}  (last ${timeOf(lastMs)}, id ${id})`;
}

function jsonOf({firstMs, lastMs, ...rest}: Group): object {
  return {...rest, first: timeOf(firstMs), last: timeOf(lastMs)};
}

function timeOf(ms: number): string {
  return Number.isNaN(ms) ? 'unknown' : new Date(ms).toISOString();
}
