/**
 * Kafka is away for minutes under a steady load: what do senders see, how much memory does it take, and how fast is it made up?
 *
 * The whole of Forebay on one machine; an open-loop load in small requests goes on before, during and after. `--how kill`
 * ends the broker with SIGKILL and starts it again on the same data; `--how stop` freezes it, so that connections stay and
 * nothing answers. Afterwards every accepted event must be in Kafka once, at the place its answer named, seqs dense.
 * It does not measure a network, replication, or a load near what the machine can do (see `burst`).
 */
import {parseArgs} from 'node:util';
import type {BenchStack, Outage} from './steady/bench-stack.ts';
import {bufferLevel, untilFresh} from './steady/buffer-level.ts';
import {judgeTopic} from './steady/judge-topic.ts';
import {latencyWords} from './steady/latency-words.ts';
import {measureStack} from './steady/measure-stack.ts';
import {MemoryPeaks} from './steady/memory-peaks.ts';
import {OpenLoad} from './steady/open-load.ts';
import {say} from './steady/say.ts';
import {toTenths} from './steady/to-tenths.ts';

const EVENTS_PER_REQUEST = 3;
const CALM_SECONDS = 10;
/** The backlog is made up when nothing waits for longer. */
const FRESH_MS = 1_000;
const DEADLINE_MS = 600_000;

const {values} = parseArgs({
  options: {
    json: {type: 'boolean', default: false},
    minutes: {type: 'string', default: '10'},
    rate: {type: 'string', default: '300'},
    how: {type: 'string', default: 'kill'},
  },
});
const how: Outage = values.how === 'stop' ? 'stop' : 'kill';

await measureStack({isJson: values.json, measure});

async function measure(bench: BenchStack): Promise<object> {
  const {stack, brokers, topic} = bench;
  const memory = new MemoryPeaks(bench);
  const {urls, key} = stack;
  const load = new OpenLoad({url: urls.gateway, key, stations: 1_000, connections: 64});
  const step = {eventsPerS: Number(values.rate), eventsPerRequest: EVENTS_PER_REQUEST};
  const awaySeconds = Number(values.minutes) * 60;
  const calm = await latencies(load, () => load.run({...step, seconds: CALM_SECONDS}));
  say(`Kafka goes away for ${awaySeconds} s (${how}) under ${values.rate} events/s`);
  await bench.takeKafkaAway(how);
  const away = await latencies(load, () => load.run({...step, seconds: awaySeconds}));
  const level = await bufferLevel(bench);
  say(`the buffer holds ${level.records} records, ${level.bytes} bytes; Kafka comes back`);
  const backAtMs = performance.now();
  const fresh = new AbortController();
  const catchingUp = latencies(load, () =>
    load.run({...step, seconds: DEADLINE_MS / 1_000}, fresh.signal),
  );
  await bench.bringKafkaBack();
  const answersMs = performance.now();
  await untilFresh(bench, {freshMs: FRESH_MS, deadlineMs: DEADLINE_MS});
  const freshMs = performance.now();
  fresh.abort();
  const after = await catchingUp;
  const verdict = await judgeTopic({brokers, topic, acked: load.acked, deadlineMs: DEADLINE_MS});
  memory.stop();
  load.close();
  const catchUpS = (freshMs - answersMs) / 1_000;
  return {
    how,
    away_s: awaySeconds,
    events_per_s: step.eventsPerS,
    accepted: load.acked.size,
    statuses: Object.fromEntries(load.statuses),
    ...verdict,
    buffer_peak_records: level.records,
    buffer_peak_bytes: level.bytes,
    broker_start_s: toTenths((answersMs - backAtMs) / 1_000),
    catch_up_s: toTenths(catchUpS),
    catch_up_records_per_s: Math.round((level.records + step.eventsPerS * catchUpS) / catchUpS),
    latency_ms: {
      before: latencyWords(calm),
      away: latencyWords(away),
      catching_up: latencyWords(after),
    },
    rss_peak_mib: memory.peaks,
  };
}

async function latencies(load: OpenLoad, send: () => Promise<void>): Promise<readonly number[]> {
  await send();
  await load.settle();
  return load.takeLatencies();
}
