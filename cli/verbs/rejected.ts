import {REJECTED_OPTIONS, rejectedRecords} from '../rejected-records.ts';
import type {RejectedRecord} from '../rejected-records.ts';
import type {Verb} from '../verb.ts';

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
  summary: 'What a stream rejected, grouped by the first thing that was wrong.',
  usage: ['STREAM [--reason CODE] [--since TIME] [--id ID]'],
  options: REJECTED_OPTIONS,
  async run(call) {
    const groups = new Map<string, Group>();
    let count = 0;
    for await (const record of rejectedRecords('rejected', call)) {
      count += 1;
      addTo(groups, record);
    }
    const sorted = [...groups.values()].sort((a, b) => b.count - a.count);
    return {
      json: {rejected: count, groups: sorted.map(jsonOf)},
      lines: [
        `${count} rejected`,
        ...sorted.slice(0, MAX_GROUPS).map(lineOf),
        ...(sorted.length > MAX_GROUPS ? [`and ${sorted.length - MAX_GROUPS} more reasons`] : []),
        ...(count > 0
          ? [`next: mend the schema, then forebay replay ${call.positionals[0]!}`]
          : []),
      ],
    };
  },
};

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
