import type {Invariant} from '../history/verdict.ts';
import type {Report} from './report.ts';
import type {Spread} from './recoveries.ts';

export type Row = readonly [name: string, value: string];

/** What the table says of each invariant that is broken by events, in the order people ask. */
const WORDS: Readonly<Record<Invariant, string>> = {
  loss: 'lost',
  duplicate: 'duplicated',
  order: 'out of order',
  aggregate: 'wrong aggregates',
  phantom: 'phantoms',
  'uncommitted-read': 'uncommitted reads',
  'offset-disagreement': 'offsets readers disagree on',
  hole: 'holes in a shard',
  'torn-transaction': 'torn transactions',
  conservation: 'outcomes that were not kept',
  late: 'wrong late records',
  query: 'wrong live queries',
  progress: 'without progress',
};

/** Kinds of faults by what they hit; the first that fits. */
const GROUPS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['to Kafka', /-kafka-link$/],
  ['drain to gateway', /-drain-link$/],
  ['sender to gateway', /-sender-link$/],
  ['brokers', /broker|cluster|leaders|topic/],
  ['gateway', /gateway|shard/],
  ['drain', /drain/],
  ['processor', /processor/],
  ['other', /./],
];

const BYTES_PER_MB = 1_000_000;

/** The report as rows of two cells, by section. */
export function reportRows(report: Report): readonly Row[] {
  const {counts} = report;
  const faults = Object.entries(counts.faults).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    ['command', `\`${report.command}\``],
    ['seed', String(report.seed)],
    ['duration', `${(report.durationMs / 60_000).toFixed(1)} min, ${report.client} client`],
    ['events sent', number(report.eventsSent)],
    ['accepted', number(counts.accepted)],
    ['rejected', number(counts.rejected)],
    ['in Kafka', number(counts.inKafka)],
    ['dead-lettered', number(counts.deadLettered)],
    ['late', number(counts.late)],
    ['windows', number(counts.windows)],
    [
      'requests',
      `${number(counts.requests)}, ${number(counts.unknownRequests)} without an answer and sent again`,
    ],
    ['answers', countsIn(report.answers)],
    [
      'faults',
      `${number(faults.reduce((sum, [, count]) => sum + count, 0))} of ${faults.length} kinds`,
    ],
    ...GROUPS.map(([name]): Row => [
      `· ${name}`,
      countsIn(Object.fromEntries(faults.filter(([kind]) => groupOf(kind) === name))) || '–',
    ]),
    ['frames hit', countsIn(report.framesHit) || '–'],
    ...Object.entries(WORDS).map(([invariant, words]): Row => [
      words,
      number(counts.violations[invariant as Invariant] ?? 0),
    ]),
    ...report.recoveries.map(({part, alone, all}): Row => [
      `recovery, ${part}`,
      `${spread(alone)}; with other faults about: ${spread(all)}`,
    ]),
    [
      'most memory',
      Object.entries(report.residentBytes)
        .map(([name, bytes]) => `${name} ${Math.round(bytes / BYTES_PER_MB)} MB`)
        .join(', '),
    ],
    ['started again', countsIn(report.restarts)],
  ];
}

function groupOf(kind: string): string | undefined {
  return GROUPS.find(([, pattern]) => pattern.test(kind))?.[0];
}

export function textTable(report: Report): string {
  const rows = reportRows(report);
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

export function markdownTable(report: Report): string {
  const rows = reportRows(report).map(([name, value]) => `| ${name} | ${value} |`);
  return ['| | |', '| --- | --- |', ...rows].join('\n');
}

function spread({count, p50Ms, p99Ms, maxMs}: Spread): string {
  if (count === 0) return 'none measured';
  return `p50 ${seconds(p50Ms)}, p99 ${seconds(p99Ms)}, max ${seconds(maxMs)} of ${count}`;
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function seconds(ms: number | null): string {
  return ms === null ? '–' : `${(ms / 1_000).toFixed(2)} s`;
}

function countsIn(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${number(count)}`)
    .join(', ');
}
