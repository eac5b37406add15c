/**
 * After kill -9, how long from the last commit before to the first after: gateway, drain, processor with and without its disk?
 *
 * The whole of Forebay on one machine under light load, the processor with `--keys` open windows. A part is killed and the
 * stack's own supervisor starts it again. Gateway: the longest time between two 2xx of a sender that tries all the time.
 * Drain and processor: the longest silence a read_committed reader sees in the data topic, and in the changelog. Parts take
 * turns, `--pause` seconds apart, so that none is held back for crashing often; `ready` is from the end of a process to
 * when the next says that it is ready. It does not measure the loss of a machine, nor rebalancing between replicas.
 */
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {setTimeout as sleep} from 'node:timers/promises';
import type {PartName} from '../dev/stack/part.ts';
import {TopicNames} from '../src/protocol/topics.ts';
import {watchArrivals, type Arrivals} from './steady/arrivals.ts';
import type {BenchStack} from './steady/bench-stack.ts';
import {untilFresh} from './steady/buffer-level.ts';
import {measureStack} from './steady/measure-stack.ts';
import {OpenLoad} from './steady/open-load.ts';
import {STREAM} from './steady/pipeline.ts';
import {probeGateway} from './steady/probe-gateway.ts';
import {say} from './steady/say.ts';
import {median} from './support/http-load.ts';

const PARTITIONS = 4;
const FILL_BATCH = 1_000;
const FILL_EVENTS_PER_S = 20_000;
const LIGHT = {eventsPerS: 50, eventsPerRequest: 1};
const FRESH_MS = 1_000;
const DEADLINE_MS = 900_000;
const WINDOWS_POLL_MS = 500;
const ARRIVALS_POLL_MS = 100;
/** Of a probe, before the gateway is killed. */
const PROBE_LEAD_MS = 1_000;
/** Of checkpoints: two of their intervals. */
const SETTLE_MS = 12_000;

const {values} = parseArgs({
  options: {
    json: {type: 'boolean', default: false},
    keys: {type: 'string', default: '1000000'},
    rounds: {type: 'string', default: '5'},
    pause: {type: 'string', default: '31'},
  },
});
const PAUSE_MS = Number(values.pause) * 1_000;
type Case = 'gateway' | 'drain' | 'processor' | 'processor without its disk';
/** In an order in which no part is killed twice within a minute: the supervisor would let it wait. */
const cases: readonly Case[] = ['processor', 'gateway', 'processor without its disk', 'drain'];

const ready = new Map<PartName, number[]>();
await measureStack({
  isJson: values.json,
  measure,
  onEvent(event) {
    if (event.kind === 'restarted')
      ready.set(event.part, [...(ready.get(event.part) ?? []), event.downMs]);
  },
});

async function measure(bench: BenchStack): Promise<object> {
  const {stack, brokers, topicPrefix, topic} = bench;
  const {urls, key} = stack;
  await fill(bench, Number(values.keys));
  const names = new TopicNames(topicPrefix, stack.pipeline.name);
  const data = await watchArrivals(brokers, topic, PARTITIONS);
  const changes = await watchArrivals(brokers, names.changelog(STREAM), PARTITIONS);
  const load = new OpenLoad({
    url: urls.gateway,
    key,
    stations: Number(values.keys),
    connections: 16,
  });
  const stop = new AbortController();
  const sending = load.run({...LIGHT, seconds: DEADLINE_MS / 1_000}, stop.signal);
  await sleep(SETTLE_MS);
  const gaps = new Map<Case, number[]>(cases.map((each) => [each, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const each of cases) {
      const gapMs =
        each === 'gateway'
          ? await gatewayGap(bench)
          : await recordsGap(bench, each, each === 'drain' ? data : changes);
      gaps.get(each)!.push(gapMs);
      say(`round ${round + 1}, ${each}: ${Math.round(gapMs)} ms`);
    }
  }
  stop.abort();
  await sending;
  await load.settle();
  load.close();
  await Promise.all([data.stop(), changes.stop()]);
  const readyAgain = [...ready].map(([part, times]) => [`${part} ready`, times] as const);
  return Object.fromEntries(
    [...gaps, ...readyAgain].map(([what, times]) => [
      what,
      {median_ms: Math.round(median(times)), max_ms: Math.round(Math.max(...times))},
    ]),
  );
}

/** Every key has an open window, and all of it is drained. */
async function fill(bench: BenchStack, keys: number): Promise<void> {
  const {urls, key} = bench.stack;
  const load = new OpenLoad({url: urls.gateway, key, stations: keys, connections: 8});
  say(`${keys} keys`);
  const seconds = keys / FILL_EVENTS_PER_S;
  await load.run({eventsPerS: FILL_EVENTS_PER_S, eventsPerRequest: FILL_BATCH, seconds});
  await load.settle();
  load.close();
  await untilFresh(bench, {freshMs: FRESH_MS, deadlineMs: DEADLINE_MS});
  const windows = await openWindows(bench, keys);
  say(`${windows} open windows`);
}

async function openWindows({stack}: BenchStack, atLeast: number): Promise<number> {
  for (const endMs = performance.now() + DEADLINE_MS; performance.now() < endMs;) {
    const response = await fetch(`${stack.urls.query}/status`);
    const {tasks} = (await response.json()) as {tasks: readonly {openWindows: number}[]};
    const open = tasks.reduce((sum, task) => sum + task.openWindows, 0);
    if (open >= atLeast) return open;
    await sleep(WINDOWS_POLL_MS);
  }
  throw new Error(`there are no ${atLeast} open windows`);
}

async function killNow(bench: BenchStack, each: Case): Promise<number> {
  const part = each === 'gateway' || each === 'drain' ? each : 'processor';
  // Files that are open live on until their process ends; the next one finds none.
  if (each === 'processor without its disk') {
    await rm(join(bench.stateDir, 'processor'), {recursive: true, force: true});
  }
  const sinceMs = performance.now();
  process.kill(bench.stack.parts[part].pid()!, 'SIGKILL');
  return sinceMs;
}

/** With a sender of its own: in the other cases nothing but the light load is sent. */
async function gatewayGap(bench: BenchStack): Promise<number> {
  const {urls, key} = bench.stack;
  const probe = probeGateway(urls.gateway, key);
  await sleep(PROBE_LEAD_MS);
  const sinceMs = await killNow(bench, 'gateway');
  await sleep(PAUSE_MS);
  await probe.stop();
  return probe.longestGapMs(sinceMs);
}

/** Waits until records come in again. */
async function recordsGap(
  bench: BenchStack,
  each: Exclude<Case, 'gateway'>,
  arrivals: Arrivals,
): Promise<number> {
  const sinceMs = await killNow(bench, each);
  await sleep(PAUSE_MS);
  for (const endMs = performance.now() + DEADLINE_MS; performance.now() < endMs;) {
    if (performance.now() - arrivals.lastMs() < FRESH_MS) return arrivals.longestGapMs(sinceMs);
    await sleep(ARRIVALS_POLL_MS);
  }
  throw new Error('nothing arrived any more');
}
