/**
 * A burst of 25 times the steady rate for a minute: what is refused, how long do senders wait, and how long until it is in Kafka?
 *
 * The whole of Forebay on one machine, load generator included; open loop, so that latency counts from when a request was
 * due. `--rate` is the steady rate of single events; 25 times the default is above what a gateway on two shared cores
 * sustains beside its drain, so that waiting and refusals show. A refusal is obeyed (`Retry-After`) and the request sent
 * again. Afterwards every accepted event must be in Kafka once, at the place its answer named. It does not measure a network.
 */
import {parseArgs} from 'node:util';
import type {BenchStack} from './steady/bench-stack.ts';
import {untilFresh} from './steady/buffer-level.ts';
import {judgeTopic} from './steady/judge-topic.ts';
import {latencyWords} from './steady/latency-words.ts';
import {measureStack} from './steady/measure-stack.ts';
import {MemoryPeaks} from './steady/memory-peaks.ts';
import {OpenLoad} from './steady/open-load.ts';
import {say} from './steady/say.ts';
import {toTenths} from './steady/to-tenths.ts';

const TIMES = 25;
const STEADY_SECONDS = 15;
const FRESH_MS = 1_000;
const DEADLINE_MS = 600_000;

const {values} = parseArgs({
  options: {
    json: {type: 'boolean', default: false},
    rate: {type: 'string', default: '80'},
    batch: {type: 'string', default: '1'},
    seconds: {type: 'string', default: '60'},
  },
});

await measureStack({isJson: values.json, measure});

async function measure(bench: BenchStack): Promise<object> {
  const {stack, brokers, topic} = bench;
  const memory = new MemoryPeaks(bench);
  const {urls, key} = stack;
  const load = new OpenLoad({url: urls.gateway, key, stations: 10_000, connections: 128});
  const eventsPerS = Number(values.rate);
  const eventsPerRequest = Number(values.batch);
  const seconds = Number(values.seconds);
  await load.run({eventsPerS, eventsPerRequest, seconds: STEADY_SECONDS});
  await load.settle();
  const steady = load.takeLatencies();
  say(`${TIMES * eventsPerS} events/s for ${seconds} s`);
  const startMs = performance.now();
  await load.run({eventsPerS: TIMES * eventsPerS, eventsPerRequest, seconds});
  const lateMs = performance.now() - startMs - seconds * 1_000;
  await load.settle();
  const answeredMs = performance.now();
  const burst = load.takeLatencies();
  const {seconds: drainS} = await untilFresh(bench, {freshMs: FRESH_MS, deadlineMs: DEADLINE_MS});
  const verdict = await judgeTopic({brokers, topic, acked: load.acked, deadlineMs: DEADLINE_MS});
  memory.stop();
  load.close();
  return {
    steady_events_per_s: eventsPerS,
    burst_events_per_s: TIMES * eventsPerS,
    events_per_request: eventsPerRequest,
    seconds,
    generator_late_ms: Math.round(lateMs),
    statuses: Object.fromEntries(load.statuses),
    accepted: load.acked.size,
    ...verdict,
    last_answer_after_s: toTenths((answeredMs - startMs) / 1_000 - seconds),
    drained_after_s: toTenths((answeredMs - startMs) / 1_000 - seconds + drainS),
    latency_ms: {steady: latencyWords(steady), burst: latencyWords(burst)},
    rss_peak_mib: memory.peaks,
  };
}
