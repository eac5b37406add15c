/** Every fault of a link, on a server that answers each request: in force while it lasts, and gone without a trace after it. */
import {afterAll, beforeAll, expect, test} from 'vitest';
import {randomOf} from '../../../dev/random-of.ts';
import {between, seededRandom} from '../../support/seeded-random.ts';
import {waitUntil} from '../../support/wait-until.ts';
import {faultCatalogue} from './catalogue.ts';
import type {ChaosSystem} from './chaos-system.ts';
import {connectFakeClient, startFakeBroker, type FakeBroker} from './proxy/fake-kafka.ts';
import type {Proxy} from './proxy/proxy.ts';
import {startProxy} from './proxy/start-proxy.ts';

const DEADLINE_MS = 20_000;
const SEEDS = 2;

let broker: FakeBroker;
let proxies: readonly Proxy[];
let system: ChaosSystem;

beforeAll(async () => {
  broker = await startFakeBroker();
  const options = {listenPort: 0, targetPort: broker.port, protocol: 'kafka'} as const;
  proxies = [await startProxy(options), await startProxy(options)];
  system = {
    brokers: [],
    kafkaProxies: proxies,
    drainProxy: proxies[0]!,
    senderProxy: proxies[1]!,
    processes: [],
  };
});

afterAll(async () => {
  for (const proxy of proxies ?? []) await proxy.close();
  await broker?.end();
});

async function answersThrough(proxy: Proxy): Promise<void> {
  const client = await connectFakeClient(proxy.port);
  for (const [n, api] of (['EndTxn', 'Produce', 'Fetch', 'Heartbeat'] as const).entries()) {
    client.send(api, n);
  }
  await waitUntil('four answers', DEADLINE_MS, () => client.answers.length === 4);
  client.socket.destroy();
}

test('each kind is there once, and a seed draws the same fault again', () => {
  const makers = faultCatalogue(system);
  const kinds = makers.map(({kind}) => kind);
  expect(kinds).toEqual([...new Set(kinds)]);
  const random = seededRandom('draws');
  for (const maker of makers) {
    const seed = between(random, 0, 2 ** 31);
    const words = () => JSON.stringify(maker.make(randomOf(seed)));
    expect(words()).toBe(words());
    expect(maker.make(randomOf(seed)).kind).toBe(maker.kind);
  }
});

test('after any fault of a link every request is answered again', async () => {
  const random = seededRandom('links');
  for (const maker of faultCatalogue(system)) {
    for (let n = 0; n < SEEDS; n++) {
      const fault = maker.make(randomOf(between(random, 0, 2 ** 31)));
      expect(fault.durationMs).toBeLessThanOrEqual(15_000);
      await fault.start();
      // Something is under way meanwhile, whatever becomes of it.
      const inside = await Promise.all(
        proxies.map(({port}) => connectFakeClient(port).catch(() => undefined)),
      );
      for (const client of inside) client?.send('EndTxn', 1);
      await fault.stop();
      await fault.stop();
      await Promise.all(proxies.map(answersThrough));
      for (const client of inside) client?.socket.destroy();
    }
  }
});
