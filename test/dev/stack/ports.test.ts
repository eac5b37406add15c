import {createServer, type AddressInfo} from 'node:net';
import {afterEach, expect, test} from 'vitest';
import {claimPorts, portsFromEnv} from '../../../dev/stack/ports.ts';

const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

function busyPort(host: string): Promise<number> {
  const server = createServer();
  servers.push(server);
  return new Promise((resolve) => {
    server.listen(0, host, () => resolve((server.address() as AddressInfo).port));
  });
}

const ANY = {gateway: 0, drain: 0, query: 0, console: 0, kafka: 0};
const ALL = ['gateway', 'drain', 'query', 'console', 'kafka'] as const;

test('ports come from their variables, with the documented defaults', () => {
  expect(portsFromEnv({FOREBAY_QUERY_PORT: '9999'})).toEqual({
    gateway: 8787,
    drain: 8788,
    query: 9999,
    console: 8790,
    kafka: 9092,
  });
  expect(() => portsFromEnv({FOREBAY_GATEWAY_PORT: 'http'})).toThrow(/FOREBAY_GATEWAY_PORT/);
});

test.each(['127.0.0.1', '0.0.0.0', '::'])(
  'a port that is busy on %s is an error that names its variable',
  async (host) => {
    const query = await busyPort(host);
    const kafka = await busyPort(host);
    const claim = claimPorts({...ANY, query, kafka}, ALL);
    await expect(claim).rejects.toMatchObject({code: 'PORT_BUSY'});
    await expect(claim).rejects.toThrow(`port ${query} (queries, FOREBAY_QUERY_PORT) is in use`);
    await expect(claim).rejects.toThrow('FOREBAY_KAFKA_PORT');
  },
);

test('a port that is not needed may be busy', async () => {
  const kafka = await busyPort('127.0.0.1');
  await expect(claimPorts({...ANY, kafka}, ['gateway'])).resolves.toMatchObject({kafka});
});

test('0 becomes a free port, each one different', async () => {
  const ports = await claimPorts(ANY, ALL);
  expect(new Set(Object.values(ports)).size).toBe(5);
  expect(Object.values(ports).every((port) => port > 0)).toBe(true);
});
