/**
 * A proxy that breaks connections the way a network does, for anything that speaks Kafka, HTTP or WebSocket:
 *
 *   node test/chaos/proxy.ts --listen 19092 --to 9092 --hold EndTxn:5000
 *
 * `--help` lists what it can do. A Kafka client goes where its broker says it is, so the broker must advertise the proxy's
 * port (`advertised.listeners`); for others their URL is enough.
 */
import {setTimeout as delay} from 'node:timers/promises';
import {ForebayError} from '../../src/lib/errors.ts';
import {randomOf} from '../../dev/random-of.ts';
import {faultCatalogue} from './faults/catalogue.ts';
import {pick} from './faults/pick.ts';
import {PROXY_USAGE, proxyArguments, type ProxyArguments} from './faults/proxy/proxy-arguments.ts';
import type {Proxy} from './faults/proxy/proxy.ts';
import {startProxy} from './faults/proxy/start-proxy.ts';

/** Between two faults of `--seed`. */
const CALM_MS = 3_000;

if (process.argv.includes('--help')) console.log(PROXY_USAGE);
else await run();

async function run(): Promise<void> {
  try {
    const options = proxyArguments(process.argv.slice(2));
    const proxy = await startProxy(options);
    console.log(`127.0.0.1:${proxy.port} → 127.0.0.1:${options.targetPort}, ${options.protocol}`);
    follow(proxy, options);
    if (options.seed !== undefined) await runFaults(proxy, options, options.seed);
  } catch (error) {
    if (!(error instanceof ForebayError)) throw error;
    console.error(`${error.message}\n\n${error.hint ?? ''}`);
    process.exitCode = 2;
  }
}

function follow(proxy: Proxy, {rules, shape, cutEveryMs, resetEveryMs}: ProxyArguments): void {
  proxy.shape(shape);
  for (const rule of rules) {
    const onHit = (): void => console.log(`${rule.action.kind} ${rule.name} ${rule.direction}`);
    proxy.addRule({...rule, onHit});
  }
  every(cutEveryMs, 'cut', () => proxy.cut());
  every(resetEveryMs, 'reset', () => proxy.reset());
}

function every(ms: number, name: string, act: () => number): void {
  if (ms > 0) setInterval(() => console.log(`${name} ${act()} connections`), ms);
}

/** Until the process is ended. */
async function runFaults(proxy: Proxy, {protocol}: ProxyArguments, seed: number): Promise<never> {
  const random = randomOf(seed);
  const isKafka = protocol === 'kafka';
  const makers = faultCatalogue({
    brokers: [],
    processes: [],
    kafkaProxies: isKafka ? [proxy] : [],
    ...(isKafka ? {} : {drainProxy: proxy, senderProxy: proxy}),
  });
  for (;;) {
    const fault = pick(random, makers).make(random);
    console.log(`${fault.kind}: ${fault.detail}, ${fault.durationMs} ms`);
    await fault.start();
    await delay(fault.durationMs);
    await fault.stop();
    await delay(CALM_MS);
  }
}
