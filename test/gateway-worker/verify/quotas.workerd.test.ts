import {runInDurableObject} from 'cloudflare:test';
import {afterEach, describe, expect, test} from 'vitest';
import {apiKeyId} from '../../../src/lib/api-key.ts';
import {bindings, expectProblem, testApp, testKey} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';

const START_MS = 1_800_000_000_000;
let nowMs = START_MS;
const clock = () => nowMs;
afterEach(() => {
  nowMs = START_MS;
});

interface Sender {
  /** Of its quota's object. */
  readonly name: string;
  readonly send: (app: TestApp, events?: number, stream?: string) => Promise<Response>;
  /** Isolates: memory of their own, the same objects. */
  readonly apps: readonly [TestApp, TestApp];
}

async function sender(
  quota: {readonly eventsPerSecond: number; readonly burst: number} | undefined,
  extraEnv: Record<string, unknown> = {},
): Promise<Sender> {
  const {key, entry} = await testKey(['ingest:write:*'], quota);
  const options = {
    nowMs: clock,
    extraEnv: {FOREBAY_KEYS: JSON.stringify([entry]), ...extraEnv},
  };
  return {
    name: `key ${apiKeyId(key)}`,
    apps: [await testApp(options), await testApp(options)],
    send: (app, events = 1, stream = 'keyless') =>
      app.post(
        `/v1/streams/${stream}`,
        Array.from({length: events}, () => ({})),
        {authorization: `Bearer ${key}`},
      ),
  };
}

async function admitted(responses: readonly Response[]): Promise<number> {
  for (const response of responses)
    if (response.status !== 202) await expectProblem(response, 429, 'quota-exceeded');
  return responses.filter(({status}) => status === 202).length;
}

describe('a quota', () => {
  test('is exact over isolates that send in turns', async () => {
    const {apps, send} = await sender({eventsPerSecond: 1, burst: 12});
    const responses: Response[] = [];
    for (let index = 0; index < 24; index += 1) responses.push(await send(apps[index % 2]!));
    expect(await admitted(responses)).toBe(12);
  });

  test('is exact over isolates that send all at once', async () => {
    const {apps, send} = await sender({eventsPerSecond: 1, burst: 12});
    const first = await Promise.all(Array.from({length: 24}, (_, index) => send(apps[index % 2]!)));
    // What one had leased and not used when the other was refused is still there to be used.
    const rest: Response[] = [];
    for (let index = 0; index < 12; index += 1) rest.push(await send(apps[index % 2]!));
    const sum = (await admitted(first)) + (await admitted(rest));
    expect(sum).toBeLessThanOrEqual(12);
    expect(sum).toBeGreaterThanOrEqual(11);
  });

  test('refills with time and never above its burst, whatever was leased', async () => {
    const {apps, send} = await sender({eventsPerSecond: 4, burst: 6});
    const drained = async () => {
      const responses: Response[] = [];
      for (let index = 0; index < 10; index += 1) responses.push(await send(apps[index % 2]!));
      return admitted(responses);
    };
    expect(await drained()).toBe(6);
    nowMs += 1_000;
    expect(await drained()).toBe(4);
    nowMs += 250;
    expect(await drained()).toBe(1);
    nowMs += 3_600_000;
    expect(await drained()).toBe(6);
  });

  test('lets a batch larger than what is left through, and then waits until that is paid', async () => {
    const {apps, send} = await sender({eventsPerSecond: 10, burst: 20});
    expect((await send(apps[0], 50)).status).toBe(202);
    const refused = await send(apps[1]);
    expect(refused.headers.get('retry-after')).toBe('4');
    expect((await expectProblem(refused, 429, 'quota-exceeded'))['violated-policies']).toEqual([
      'events',
    ]);
    nowMs += 3_000;
    expect((await send(apps[0])).status).toBe(429);
    nowMs += 100;
    expect((await send(apps[1])).status).toBe(202);
    expect((await send(apps[0])).status).toBe(429);
  });

  test('costs no call to its object in the steady state', async () => {
    let leases = 0;
    const counting = {
      getByName: (name: string) => {
        leases += 1;
        return bindings.QUOTA.getByName(name);
      },
    };
    const {apps, send} = await sender({eventsPerSecond: 1_000, burst: 1_000}, {QUOTA: counting});
    for (let index = 0; index < 40; index += 1) {
      nowMs += 50;
      expect((await send(apps[0])).status).toBe(202);
    }
    // Two seconds: what is leased doubles at first, then it is a lease or two a second.
    expect(leases).toBeLessThan(12);
  });

  test('survives its object: what was taken stays taken', async () => {
    const {apps, send, name} = await sender({eventsPerSecond: 1, burst: 10});
    expect((await send(apps[0], 10)).status).toBe(202);
    const stub = bindings.QUOTA.getByName(name);
    await runInDurableObject(stub, (_, ctx) => ctx.abort('restarted')).catch(() => undefined);
    expect((await send(apps[1])).status).toBe(429);
  });
});

describe("an object that can't be reached", () => {
  test('is replaced by a bucket of the isolate for a while, and its events are counted', async () => {
    let isDown = true;
    const flaky = {
      getByName: (name: string) =>
        isDown ? {lease: () => Promise.reject(new Error('down'))} : bindings.QUOTA.getByName(name),
    };
    const {apps, send} = await sender({eventsPerSecond: 1, burst: 3}, {QUOTA: flaky});
    const responses: Response[] = [];
    for (let index = 0; index < 10; index += 1) responses.push(await send(apps[index % 2]!));
    expect(await admitted(responses)).toBe(6);
    const metrics = await (await apps[0].fetch('/metrics')).text();
    expect(metrics).toContain('gateway_quota_fallback_events_total 3');
    isDown = false;
    nowMs += 5_001;
    const after: Response[] = [];
    for (let index = 0; index < 10; index += 1) after.push(await send(apps[index % 2]!));
    expect(await admitted(after)).toBe(3);
  });
});

describe('the quota of a stream', () => {
  test('is one for all its senders, has a code of its own, and gives back what the key paid', async () => {
    const one = await sender(undefined);
    const two = await sender({eventsPerSecond: 1, burst: 100});
    const responses = await Promise.all([
      ...Array.from({length: 15}, () => one.send(one.apps[0], 1, 'stream-quota')),
      ...Array.from({length: 15}, () => two.send(two.apps[0], 1, 'stream-quota')),
    ]);
    const refused = responses.filter(({status}) => status === 429);
    for (const response of refused) {
      expect(response.headers.get('ratelimit-policy')).toBe('"stream";q=20;w=2');
      await expectProblem(response, 429, 'stream-quota-exceeded');
    }
    expect(responses.length - refused.length).toBeLessThanOrEqual(20);
    const paid = responses.slice(15).filter(({status}) => status === 202).length;
    expect((await two.send(two.apps[1], 100 - paid)).status).toBe(202);
    expect((await two.send(two.apps[1])).headers.get('retry-after')).not.toBeNull();
  });
});

test('a key has back at once what it paid where its stream refused', async () => {
  const filler = await sender(undefined);
  const {apps, send} = await sender({eventsPerSecond: 0.001, burst: 5});
  nowMs += 60_000;
  expect((await send(apps[0])).status).toBe(202);
  expect((await filler.send(filler.apps[0], 20, 'stream-quota')).status).toBe(202);
  const refused = await send(apps[0], 4, 'stream-quota');
  await expectProblem(refused, 429, 'stream-quota-exceeded');
  expect((await send(apps[0], 4)).status).toBe(202);
  await expectProblem(await send(apps[0]), 429, 'quota-exceeded');
});

/** RFC 9651: a list of strings with integer parameters, as both fields are. */
function parseList(field: string | null): readonly Record<string, string | number>[] {
  return field!.split(', ').map((member) => {
    const match = /^"([a-z]+)"((?:;[a-z]+=\d{1,15})+)$/.exec(member);
    if (match === null) throw new Error(`not a member of such a list: ${member}`);
    const parameters = match[2]!
      .slice(1)
      .split(';')
      .map((text) => text.split('='));
    return {
      name: match[1]!,
      ...Object.fromEntries(parameters.map(([key, value]) => [key, Number(value)])),
    };
  });
}

describe('RateLimit fields', () => {
  test('stand on answers to senders with a quota, for the key and for the stream', async () => {
    const {apps, send} = await sender({eventsPerSecond: 2, burst: 4});
    const response = await send(apps[0], 1, 'wide-quota');
    expect(response.status).toBe(202);
    expect(parseList(response.headers.get('ratelimit-policy'))).toEqual([
      {name: 'events', q: 4, w: 2},
      {name: 'stream', q: 1_000, w: 1},
    ]);
    expect(parseList(response.headers.get('ratelimit'))).toEqual([
      {name: 'events', r: 3, t: 1},
      {name: 'stream', r: 999, t: 1},
    ]);
    const last = await send(apps[0], 3);
    expect(parseList(last.headers.get('ratelimit'))).toEqual([{name: 'events', r: 0, t: 1}]);
    const refused = await send(apps[0]);
    expect(refused.status).toBe(429);
    expect(parseList(refused.headers.get('ratelimit'))).toEqual([{name: 'events', r: 0, t: 1}]);
  });

  test('are absent for senders without one', async () => {
    const {apps, send} = await sender(undefined);
    const response = await send(apps[0]);
    expect(response.status).toBe(202);
    expect(response.headers.get('ratelimit')).toBeNull();
    expect(response.headers.get('ratelimit-policy')).toBeNull();
  });
});
