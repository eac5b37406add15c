/** `forebay.v1` over real WebSockets of real Durable Objects. */
import {
  abortAllDurableObjects,
  evictDurableObject,
  reset,
  runInDurableObject,
} from 'cloudflare:test';
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {eventsPlace} from '../../../gateway-worker/devices/place-of.ts';
import {deviceSettings} from '../support/device-settings.ts';
import {
  deviceApp,
  devicesObject,
  emptyShard,
  holdShards,
  loseNextAnswer,
  TestDevice,
} from '../support/device-client.ts';
import type {DeviceApp} from '../support/device-client.ts';
import {recordsOf} from '../support/shard-records.ts';
import {expectProblem} from '../support/test-gateway.ts';

let app: DeviceApp;
beforeEach(async () => {
  app = await deviceApp();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

const UPGRADE = {upgrade: 'websocket', 'sec-websocket-protocol': 'forebay.v1'};
const values = async (shard: string) => (await recordsOf(shard)).map(({value}) => value);
const inAnything = () => values('socket-anything/0');

/** The object a device of that name lives in. */
function objectOf(stream: string, client = 'device-1', key = app.key): DurableObjectStub {
  return devicesObject(eventsPlace(stream, `key ${key.split('_')[2]!} ${client}`));
}

describe('connecting', () => {
  test.for([
    ['no credentials', 'socket-readings', {}, 401, 'unauthenticated'],
    ['a stream that does not exist', 'no-such', {auth: true}, 404, 'not-found'],
    ['a stream that takes no WebSockets', 'readings', {auth: true}, 404, 'not-found'],
    ['no upgrade', 'socket-readings', {auth: true, plain: true}, 426, 'upgrade-required'],
    [
      'another subprotocol',
      'socket-readings',
      {auth: true, protocol: 'mqtt'},
      400,
      'invalid-request',
    ],
  ] as const)('is refused with %s', async ([, stream, how, status, code]) => {
    const {auth, plain, protocol} = how as {auth?: true; plain?: true; protocol?: string};
    const response = await app.fetch(`/v1/streams/${stream}/socket`, {
      headers: {
        ...(auth ? {authorization: `Bearer ${app.key}`} : {}),
        ...(plain ? {} : UPGRADE),
        ...(protocol ? {'sec-websocket-protocol': protocol} : {}),
      },
    });
    await expectProblem(response, status, code);
  });

  test('begins with a welcome that names the version, the credit and every bound', async () => {
    const device = await TestDevice.connect(app, 'socket-readings');
    expect(device.answers[0]).toEqual({
      welcome: {
        version: 1,
        credit: 4_194_304,
        maxFrameBytes: 1_114_112,
        maxFrameEvents: 1_000,
        maxFrames: 64,
      },
    });
  });

  test('says which subprotocol it speaks', async () => {
    const response = await app.fetch('/v1/streams/socket-readings/socket', {
      headers: {
        authorization: `Bearer ${app.key}`,
        upgrade: 'websocket',
        'sec-websocket-protocol': 'other, forebay.v1',
      },
    });
    expect(response.headers.get('sec-websocket-protocol')).toBe('forebay.v1');
    response.webSocket!.accept();
  });

  test('takes no grant from a header a client sends', async () => {
    const response = await app.fetch('/v1/streams/socket-readings/socket', {
      headers: {
        ...UPGRADE,
        'forebay-opening': JSON.stringify({
          protocol: 'events',
          stream: 'socket-readings',
          token: app.key,
        }),
      },
    });
    await expectProblem(response, 401, 'unauthenticated');
  });
});

describe('an event', () => {
  test('is acknowledged under its id, and stored byte for byte', async () => {
    const device = await TestDevice.connect(app, 'socket-anything');
    const frame = '{"id": "e-1", "event": { "big":9007199254740993,  "u": "\\u00e9é" } }';
    expect(await device.ask(frame)).toEqual({
      ack: ['e-1'],
      rejected: [],
      retry: [],
      credit: new TextEncoder().encode(frame).byteLength,
    });
    const [record] = await recordsOf('socket-anything/0');
    expect(record).toMatchObject({
      value: '{ "big":9007199254740993,  "u": "\\u00e9é" }',
      headers: {
        ce_id: 'e-1',
        ce_type: 'socket-anything',
        ce_source: '/v1/streams/socket-anything/socket',
      },
    });
  });

  test('without an id gets one, in the place of the event', async () => {
    const device = await TestDevice.connect(app, 'socket-anything');
    const {ack} = await device.ask([{event: {n: 1}}, {id: 'mine', event: {n: 2}}, {event: {n: 3}}]);
    const stored = await recordsOf('socket-anything/0');
    expect(ack).toEqual(stored.map(({headers}) => headers['ce_id']));
    expect(ack[1]).toBe('mine');
  });

  test('that is invalid is told what is wrong, and the others are stored', async () => {
    const device = await TestDevice.connect(app, 'socket-readings');
    const answer = await device.ask([
      {id: 'a', event: {station: 'x', n: 1}},
      {id: 'b', event: {station: 'x', n: 'two'}},
    ]);
    expect(answer).toMatchObject({
      ack: ['a'],
      rejected: [{index: 1, id: 'b', errors: [{pointer: '#/n', code: 'invalid-type'}]}],
    });
    expect(
      (await recordsOf('socket-readings.rejected/0')).map(({headers}) => headers['ce_id']),
    ).toEqual(['b']);
  });

  test('sent again after a lost connection is acknowledged again and stored once', async () => {
    const first = await TestDevice.connect(app, 'socket-anything');
    await first.ask([
      {id: 'a', event: {n: 1}},
      {id: 'b', event: {n: 2}},
    ]);
    first.close();
    const second = await TestDevice.connect(app, 'socket-anything', {client: 'elsewhere'});
    const {ack} = await second.ask([
      {id: 'b', event: {n: 2}},
      {id: 'c', event: {n: 3}},
    ]);
    expect(ack).toEqual(['b', 'c']);
    expect(await inAnything()).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
  });

  test('of another sender under the same id is another event', async () => {
    const one = await TestDevice.connect(app, 'socket-anything');
    const two = await TestDevice.connect(app, 'socket-anything', {key: app.limitedKey});
    await one.ask({id: 'a', event: {n: 1}});
    await two.ask({id: 'a', event: {n: 2}});
    expect(await inAnything()).toEqual(['{"n":1}', '{"n":2}']);
  });

  test('sent over HTTP and over a socket under one id by one sender is one event', async () => {
    const device = await TestDevice.connect(app, 'socket-own-ids');
    await device.ask({event: {id: 'one'}});
    const response = await app.fetch('/v1/streams/socket-own-ids', {
      method: 'POST',
      body: '{"id":"one"}',
      headers: {authorization: `Bearer ${app.key}`, 'content-type': 'application/json'},
    });
    expect(await response.json()).toMatchObject({accepted: 0, duplicates: 1});
  });
});

describe('order', () => {
  test('of pipelined frames is kept, and each frame has its own answer', async () => {
    const device = await TestDevice.connect(app, 'socket-anything');
    for (let n = 0; n < 60; n += 1) device.send({id: `e-${n}`, event: {n}});
    const answers = await device.answered(61);
    expect(answers.slice(1).map(({ack}) => ack)).toEqual(
      Array.from({length: 60}, (_, n) => [`e-${n}`]),
    );
    expect(await inAnything()).toEqual(Array.from({length: 60}, (_, n) => `{"n":${n}}`));
  });

  test('holds when a shard is full: nothing overtakes what is to be sent again', async () => {
    const device = await TestDevice.connect(app, 'socket-small');
    expect((await device.ask([{event: {n: 0}}, {event: {n: 1}}])).ack).toHaveLength(2);
    const full = await device.ask([{id: 'a', event: {n: 3}}]);
    expect(full).toMatchObject({ack: [], retry: [{index: 0, id: 'a'}], retryAfterMs: 5_000});
    await emptyShard('socket-small/0');
    expect(await device.ask({id: 'b', event: {n: 4}})).toMatchObject({
      retry: [{index: 0, id: 'b'}],
    });
    device.send({resend: true});
    device.send([
      {id: 'a', event: {n: 3}},
      {id: 'b', event: {n: 4}},
    ]);
    await device.answered(6);
    expect(device.answers.at(-1)).toMatchObject({ack: ['a', 'b'], retry: []});
    expect(await values('socket-small/0')).toEqual(['{"n":3}', '{"n":4}']);
  });

  test('holds after hibernation in between', async () => {
    const device = await TestDevice.connect(app, 'socket-small');
    await device.ask([{event: {n: 0}}, {event: {n: 1}}]);
    expect((await device.ask({id: 'a', event: {n: 3}})).retry).toHaveLength(1);
    await evictDurableObject(objectOf('socket-small'), {webSockets: 'hibernate'});
    await emptyShard('socket-small/0');
    expect((await device.ask({id: 'b', event: {n: 4}})).retry).toHaveLength(1);
  });

  test('of a key over its quota is kept by the same rule', async () => {
    const device = await TestDevice.connect(app, 'socket-anything', {key: app.limitedKey});
    expect((await device.ask({id: 'a', event: {n: 1}})).ack).toEqual(['a']);
    const limited = await device.ask({id: 'b', event: {n: 2}});
    expect(limited).toMatchObject({ack: [], retry: [{index: 0, id: 'b'}]});
    expect(limited.retryAfterMs).toBeGreaterThanOrEqual(1_000);
  });
});

describe('an acknowledgement', () => {
  test('comes only when the shard has stored the event', async () => {
    const device = await TestDevice.connect(app, 'socket-anything');
    const other = await TestDevice.connect(app, 'socket-own-ids');
    await device.ask({id: 'first', event: {n: 0}});
    const release = holdShards();
    device.send({id: 'a', event: {n: 1}});
    expect((await other.ask('not JSON')).error).toBeDefined();
    expect(device.answers).toHaveLength(2);
    release();
    expect((await device.answered(3)).at(-1)!.ack).toEqual(['a']);
  });

  test('never comes for what a shard may not have: sent again, it is stored once', async () => {
    const device = await TestDevice.connect(app, 'socket-anything');
    await device.ask({id: 'first', event: {n: 0}});
    loseNextAnswer();
    device.send({id: 'a', event: {n: 1}});
    expect((await device.answered(3)).at(-1)).toMatchObject({ack: [], retry: [{id: 'a'}]});
    device.send({resend: true});
    device.send({id: 'a', event: {n: 1}});
    expect((await device.answered(5)).at(-1)!.ack).toEqual(['a']);
    expect(await inAnything()).toEqual(['{"n":0}', '{"n":1}']);
  });

  test('that was lost with the object costs nothing: what is sent again is stored once', async () => {
    const device = await TestDevice.connect(app, 'socket-anything');
    await device.ask({id: 'a', event: {n: 1}});
    device.send([
      {id: 'b', event: {n: 2}},
      {id: 'c', event: {n: 3}},
    ]);
    await abortAllDurableObjects();
    const again = await TestDevice.connect(app, 'socket-anything');
    const {ack} = await again.ask([
      {id: 'a', event: {n: 1}},
      {id: 'b', event: {n: 2}},
      {id: 'c', event: {n: 3}},
    ]);
    expect(ack).toEqual(['a', 'b', 'c']);
    expect(await inAnything()).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
  });
});

describe('an object that sleeps', () => {
  test('keeps its sockets, and they go on where they were', async () => {
    const device = await TestDevice.connect(app, 'socket-anything');
    await device.ask({id: 'a', event: {n: 1}});
    await evictDurableObject(objectOf('socket-anything'), {webSockets: 'hibernate'});
    expect((await device.ask({id: 'b', event: {n: 2}})).ack).toEqual(['b']);
  });

  test('answers ping without waking', async () => {
    const device = await TestDevice.connect(app, 'socket-anything');
    expect(await device.ask('ping')).toEqual({pong: true});
  });

  test('ends sockets on which nothing comes for an hour, and no others', async () => {
    const idle = await TestDevice.connect(app, 'socket-anything');
    const stub = objectOf('socket-anything');
    deviceSettings.nowMs = () => Date.now() + 3_500_000;
    const busy = await TestDevice.connect(app, 'socket-anything');
    deviceSettings.nowMs = () => Date.now() + 3_700_000;
    await runInDurableObject(stub, (object) => object.alarm!());
    expect(await idle.closed()).toBe(4003);
    expect((await busy.ask({id: 'a', event: {n: 1}})).ack).toEqual(['a']);
    expect(await runInDurableObject(stub, (_, ctx) => ctx.storage.getAlarm())).toBeGreaterThan(
      Date.now(),
    );
  });
});

describe('a key that is revoked', () => {
  test('ends the socket on its next frame after the bound, and stores nothing of it', async () => {
    const device = await TestDevice.connect(app, 'socket-anything');
    await device.ask({id: 'a', event: {n: 1}});
    app.revoke();
    expect((await device.ask({id: 'b', event: {n: 2}})).ack).toEqual(['b']);
    deviceSettings.nowMs = () => Date.now() + 31_000;
    device.send({id: 'c', event: {n: 3}});
    expect(await device.closed()).toBe(4001);
    expect(await inAnything()).toEqual(['{"n":1}', '{"n":2}']);
  });
});
