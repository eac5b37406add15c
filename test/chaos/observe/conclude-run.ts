import {describeError} from '../../../src/lib/errors.ts';
import {ShardsDocument} from '../../../src/protocol/status.ts';
import {waitUntil} from '../../support/wait-until.ts';
import type {Load} from '../load/run-load.ts';
import {sendEverywhere} from '../load/send-everywhere.ts';
import type {System} from '../system/start-system.ts';
import {caughtUp} from './caught-up.ts';
import {scanAll} from './final-scan.ts';
import type {HistoryWriter} from './history-writer.ts';
import type {Watch} from './watch-run.ts';

/** From the end of the faults: a full buffer has to be drained by then, on a slow machine. */
const HEALED_DEADLINE_MS = 180_000;
const KNOWN_DEADLINE_MS = 120_000;
const SCAN_DEADLINE_MS = 300_000;
const QUERY_DEADLINE_MS = 20_000;
const CALL_DEADLINE_MS = 5_000;
/** Further than any window and its grace. */
const AHEAD_MS = 1_800_000;

export interface ConcludeOptions {
  readonly system: System;
  readonly history: HistoryWriter;
  readonly load: Load;
  readonly watch: Watch;
  readonly onProgress: (line: string) => void;
  readonly stop: AbortSignal;
}

/**
 * After the faults: every outcome becomes known, the buffer runs empty, windows close, the processor catches up, and the
 * final scan reads everything. A step that does not come to its end by its deadline is a note the checker counts.
 */
export async function concludeRun(options: ConcludeOptions): Promise<void> {
  const {system, history, load, watch, onProgress, stop} = options;
  const stopped = rejection(stop);
  const step = async (what: string, run: () => Promise<unknown>): Promise<void> => {
    onProgress(what);
    try {
      await Promise.race([run(), stopped]);
    } catch (error) {
      stop.throwIfAborted();
      history.note(`progress: ${what}: ${describeError(error)}`);
    }
  };
  await step('every process runs', () =>
    Promise.all([...system.processes, ...system.brokers].map((process) => process.restart())),
  );
  await step('every outcome is known', async () => {
    const unknown = await load.finish(KNOWN_DEADLINE_MS);
    if (unknown > 0) throw new Error(`${unknown} requests are still open`);
  });
  await step('the buffer is empty', () => emptyBuffer(system));
  const closedMs = Date.now() + AHEAD_MS;
  await step('windows close', () =>
    sendEverywhere(system, history, {name: 'closer', n: 1, timeMs: closedMs}),
  );
  await step('the buffer is empty again', () => emptyBuffer(system));
  await step('the processor has caught up', () => caughtUp(system, closedMs, HEALED_DEADLINE_MS));
  await step('live queries agree with fresh ones', () => compareQueries(options));
  await step('the buffer is told', () => tellBuffer(system, history));
  await watch.stop();
  await step('everything is read once more', () =>
    scanAll({
      brokers: system.brokersDirect,
      topics: watch.topics,
      deadlineMs: SCAN_DEADLINE_MS,
      onRecords: (records) => {
        for (const record of records) {
          const entry = watch.entryOf('final', record);
          if (entry !== null) history.add(entry);
        }
      },
      onEnd: ({topic, partition}, offset) =>
        history.add({type: 'end', topic, partition, offset: String(offset)}),
    }),
  );
}

function rejection(signal: AbortSignal): Promise<never> {
  const {promise, reject} = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  signal.addEventListener('abort', () => reject(signal.reason as Error));
  return promise;
}

async function shards({gatewayUrl, secrets}: System): Promise<ShardsDocument['shards']> {
  const response = await fetch(`${gatewayUrl}/admin/v1/shards`, {
    headers: {authorization: `Bearer ${secrets.adminKey}`},
    signal: AbortSignal.timeout(CALL_DEADLINE_MS),
  });
  return ShardsDocument.parse(await response.json()).shards;
}

async function emptyBuffer(system: System): Promise<void> {
  let left = '';
  try {
    await waitUntil('an empty buffer', HEALED_DEADLINE_MS, async () => {
      const full = (await shards(system)).filter(
        ({records, overflowed}) => records > 0 || overflowed > 0,
      );
      left = full.map(({shard, records}) => `${shard} holds ${records}`).join(', ');
      return full.length === 0;
    });
  } catch (error) {
    throw new Error(left, {cause: error});
  }
}

async function tellBuffer(system: System, history: HistoryWriter): Promise<void> {
  for (const {shard, nextSeq, records, overflowed} of await shards(system)) {
    history.add({type: 'buffer', shard, nextSeq, records, overflowed});
  }
}

/** What differs for good is written down as it is: the checker says that it differs. */
async function compareQueries({history, watch}: ConcludeOptions): Promise<void> {
  for (const [view, query] of watch.queries) {
    let pair: Awaited<ReturnType<typeof query.compare>> = null;
    await waitUntil(`${view} to agree with a fresh query`, QUERY_DEADLINE_MS, async () => {
      pair = (await query.compare()) ?? pair;
      return pair !== null && pair.live.length === pair.fresh.length && sameRows(pair);
    }).catch(() => undefined);
    if (pair === null) throw new Error(`${view} had no snapshot to compare`);
    const {live, fresh} = pair as NonNullable<Awaited<ReturnType<typeof query.compare>>>;
    history.add({type: 'query', view, source: 'live', rows: live});
    history.add({type: 'query', view, source: 'fresh', rows: fresh});
  }
}

function sameRows({live, fresh}: {live: readonly unknown[]; fresh: readonly unknown[]}): boolean {
  const texts = new Set(live.map((row) => JSON.stringify(row)));
  return fresh.every((row) => texts.has(JSON.stringify(row)));
}
