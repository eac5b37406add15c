/** A whole Forebay of real processes in a temporary folder, with the pipeline of the promises. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {startStack, type RunningStack} from '../../dev/stack/start-stack.ts';
import type {ViewPage, ViewRow} from '../../src/protocol/query.ts';
import {partitionOf} from '../../src/record/shard.ts';
import {utf8} from '../../src/lib/bytes.ts';
import {GRACE_MS} from '../promises/pipeline.ts';
import {sendUntilKnown, type AckedReading} from './readings-load.ts';
import {waitUntil} from './wait-until.ts';

export interface PromiseRun {
  readonly stack: RunningStack;
  readonly topic: string;
  readonly resultTopic: string;
  stop(): Promise<void>;
}

export async function startPromiseRun(brokers: string): Promise<PromiseRun> {
  const stateDir = await mkdtemp(join(tmpdir(), 'forebay-promise-'));
  const prefix = `${stateDir.split('-').at(-1)!.toLowerCase()}.`;
  const stack = await startStack({
    stateDir,
    ports: {gateway: 0, drain: 0, query: 0, console: 0, kafka: 0},
    pipelinePath: 'test/promises/pipeline.ts',
    env: {...process.env, FOREBAY_TOPIC_PREFIX: prefix},
    kafka: {brokers},
    onEvent: (event) => {
      if (event.kind !== 'log') console.log(JSON.stringify(event));
    },
  });
  return {
    stack,
    topic: `${prefix}readings`,
    resultTopic: `${prefix}promises.station-hour`,
    async stop() {
      await stack.stop();
      await rm(stateDir, {recursive: true, force: true});
    },
  };
}

/** One reading per partition, so far ahead that every window before it closes. */
export async function closeWindows(
  {stack}: PromiseRun,
  acked: readonly AckedReading[],
): Promise<AckedReading[]> {
  const newestMs = Math.max(...acked.map((reading) => Date.parse(reading.time)));
  const time = new Date(newestMs + GRACE_MS + 2 * 3_600_000).toISOString();
  const stations = [0, 1, 2, 3].map(stationOfPartition);
  return sendUntilKnown(
    stations.map((station) => ({station, time, temperatureC: 0, n: 0})),
    'close-windows',
    {url: stack.urls.gateway, key: stack.key},
  );
}

/** A station outside the load whose key belongs to a partition. */
function stationOfPartition(partition: number): string {
  for (let n = 0; ; n += 1) {
    if (partitionOf(utf8(`closer-${n}`), 4) === partition) return `closer-${n}`;
  }
}

/** All final rows of the view, over every page, once there are `count`. */
export async function finalRows(
  {stack}: PromiseRun,
  count: number,
  deadlineMs: number,
): Promise<readonly ViewRow[]> {
  return waitUntil(`${count} final windows`, deadlineMs, async () => {
    const rows = (await allRows(stack.urls.query)).filter((row) => row.final);
    return rows.length >= count ? rows : undefined;
  });
}

async function allRows(queryUrl: string): Promise<ViewRow[]> {
  const rows: ViewRow[] = [];
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({limit: '1000', ...(cursor === undefined ? {} : {cursor})});
    const response = await fetch(`${queryUrl}/v1/views/station-hour?${query.toString()}`);
    if (!response.ok) throw new Error(`query answered ${response.status}`);
    const page = (await response.json()) as ViewPage;
    rows.push(...page.rows);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return rows;
}
