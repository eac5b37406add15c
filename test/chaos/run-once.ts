/** One run from its schedule to its verdict: start, load under faults, heal, quiet, final scan, judge. */
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {checkHistory} from './check/check-history.ts';
import {faultCatalogue} from './faults/catalogue.ts';
import type {FaultMaker} from './faults/fault.ts';
import {narrowTopic} from './load/narrow-topic.ts';
import {startLoad} from './load/run-load.ts';
import {sendEverywhere} from './load/send-everywhere.ts';
import {caughtUp} from './observe/caught-up.ts';
import {HistoryWriter} from './observe/history-writer.ts';
import {readHistory} from './observe/read-history.ts';
import {watchRun} from './observe/watch-run.ts';
import {concludeRun} from './observe/conclude-run.ts';
import {runEntry} from './observe/run-entry.ts';
import {orders, signals} from './pipeline.ts';
import {reportOf, type Report} from './report/report.ts';
import {makeSchedule} from './schedule/make-schedule.ts';
import {runSchedule} from './schedule/run-schedule.ts';
import type {Schedule, ScheduledFault} from './schedule/schedule.ts';
import {watchResidentMemory} from './system/resident-memory.ts';
import {startSystem, type System} from './system/start-system.ts';

/** On a slow machine. */
const FIRST_DEADLINE_MS = 120_000;

export interface RunOnceOptions extends Omit<Schedule, 'faults' | 'note'> {
  readonly stateDir: string;
  readonly command: string;
  /** Its faults instead of drawn ones. */
  readonly faults?: readonly ScheduledFault[] | undefined;
  /** Kinds to draw from; all without it. */
  readonly only?: ReadonlySet<string> | undefined;
  readonly faultsPerMinute?: number | undefined;
  /** One line on what happens. */
  readonly onProgress: (line: string) => void;
  /** Ends every process and the run with it; nothing is judged. */
  readonly stop: AbortSignal;
}

export interface JudgedRun {
  readonly report: Report;
  readonly schedule: Schedule;
}

export async function runOnce(options: RunOnceOptions): Promise<JudgedRun> {
  const {stateDir, onProgress} = options;
  mkdirSync(stateDir, {recursive: true});
  const history = new HistoryWriter(join(stateDir, 'history.jsonl'));
  onProgress('starting three brokers, the gateway, two drains and two processors');
  const system = await startSystem({
    stateDir: join(stateDir, 'system'),
    client: options.client,
    onEnded: (name, how) => history.note(`${name} ${how}`),
    onSkipped: (reason) => onProgress(`left out: ${reason}`),
    stop: options.stop,
  });
  const memory = watchResidentMemory(() => [
    ...system.kept,
    ...system.brokers.map(({id, pid}) => ({name: `kafka-${id}`, pid})),
  ]);
  let schedule: Schedule;
  let framesHit: Readonly<Record<string, number>>;
  let residentBytes: ReadonlyMap<string, number>;
  try {
    schedule = await underFaults(system, history, options);
    framesHit = countFrames(system);
  } finally {
    residentBytes = memory.stop();
    onProgress('ending every process');
    await system.stop();
    history.close();
  }
  onProgress('judging the history');
  const report = reportOf({
    entries: () => readHistory(history.path),
    verdict: checkHistory(readHistory(history.path)),
    schedule,
    command: options.command,
    stateDir,
    durationMs: history.nowMs(),
    framesHit,
    residentBytes,
    restarts: new Map(system.kept.map((kept) => [kept.name, kept.restarts])),
  });
  return {report, schedule};
}

async function underFaults(
  system: System,
  history: HistoryWriter,
  options: RunOnceOptions,
): Promise<Schedule> {
  const {seed, minutes, rate, client, stateDir, onProgress, stop} = options;
  stop.throwIfAborted();
  const makers = makersOf(system, options.faults === undefined ? options.only : undefined);
  const schedule: Schedule =
    options.faults === undefined
      ? makeSchedule(
          {seed, minutes, rate, client, faultsPerMinute: options.faultsPerMinute},
          makers,
        )
      : {seed, minutes, rate, client, faults: [...options.faults]};
  writeFileSync(join(stateDir, 'schedule.json'), JSON.stringify(schedule, undefined, 2));
  history.add(runEntry(system, {seed, command: options.command}));
  onProgress('every partition gets its first event');
  const firstMs = Date.now();
  await sendEverywhere(system, history, {name: 'opener', n: 0, timeMs: firstMs});
  // What never had an event holds back no time: a first one that a fault held up would be late behind a repartition topic.
  await caughtUp(system, firstMs, FIRST_DEADLINE_MS);
  onProgress(`${schedule.faults.length} faults in ${minutes} min at ${rate} events/s`);
  const watch = await watchRun(system, history);
  let requests = 0;
  const load = startLoad({
    seed,
    eventsPerS: rate,
    streams: [
      {name: orders.name, topic: system.names.data(orders.name), hasIds: true},
      {name: signals.name, topic: system.names.data(signals.name), hasIds: false},
    ],
    target: {
      url: system.ingestUrl,
      key: system.secrets.ingestKey,
      history,
      onStatus: (status) => watch.answered(status),
      nextRequest: () => (requests += 1),
    },
    nowMs: Date.now,
  });
  await runSchedule({
    faults: schedule.faults,
    makers,
    history,
    signs: watch.signs,
    stop: AbortSignal.any([stop, AbortSignal.timeout(minutes * 60_000)]),
    onFault: ({fault, kind, target}) =>
      onProgress(`${fault}/${schedule.faults.length} ${kind} ${target} · ${watch.line()}`),
  });
  await watch.untilMs(minutes * 60_000, stop);
  stop.throwIfAborted();
  await concludeRun({system, history, load, watch, onProgress, stop});
  return schedule;
}

/** What rules did to frames, e.g. `hold EndTxn answer`. */
function countFrames({kafkaProxies, drainProxy, senderProxy}: System): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const proxy of [...kafkaProxies, drainProxy, senderProxy]) {
    for (const {action, name, direction} of proxy?.applied ?? []) {
      const words = `${action} ${name} ${direction}`;
      counts[words] = (counts[words] ?? 0) + 1;
    }
  }
  return counts;
}

function makersOf(system: System, only: ReadonlySet<string> | undefined): readonly FaultMaker[] {
  const {brokersDirect: directBrokers, names} = system;
  const topic = names.data(orders.name);
  const all = [...faultCatalogue(system), narrowTopic({directBrokers, topic})];
  return only === undefined ? all : all.filter(({kind}) => only.has(kind));
}
