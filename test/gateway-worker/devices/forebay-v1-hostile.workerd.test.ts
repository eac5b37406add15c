/** Frames of `forebay.v1` that no honest device sends. */
import {reset} from 'cloudflare:test';
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {deviceApp, holdShards, TestDevice} from '../support/device-client.ts';
import type {DeviceApp} from '../support/device-client.ts';

let app: DeviceApp;
beforeEach(async () => {
  app = await deviceApp();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

describe('a hostile frame', () => {
  test.for([
    ['not JSON', '{"event":', 'malformed-json'],
    ['ill-formed UTF-8, as the runtime hands it on', '{"event":"\uFFFD"}', 'malformed-utf-8'],
    ['text that is no frame', '"hello"', 'invalid-request'],
    ['without an event', '{"id":"a"}', 'invalid-request'],
    ['with members nobody knows', '{"event":1,"extra":2}', 'invalid-request'],
    [
      'with an id that is too long',
      JSON.stringify({id: 'x'.repeat(257), event: 1}),
      'invalid-request',
    ],
    ['with half a surrogate pair as id', String.raw`{"id":"\ud800","event":1}`, 'invalid-request'],
    ['an empty array', '[]', 'invalid-request'],
    ['nested too deeply', `{"event":${'['.repeat(70)}${']'.repeat(70)}}`, 'too-deep'],
    [
      'with too many events',
      JSON.stringify(Array.from({length: 1_001}, () => ({event: 1}))),
      'too-many-events',
    ],
  ])('%s gets an error and its credit back, and the socket goes on', async ([, frame, code]) => {
    const device = await TestDevice.connect(app, 'socket-anything');
    const answer = await device.ask(frame);
    expect(answer).toMatchObject({
      error: {code},
      credit: new TextEncoder().encode(frame).byteLength,
    });
    expect((await device.ask({id: 'a', event: {n: 1}})).ack).toEqual(['a']);
  });

  test('is one too many at the tenth', async () => {
    const device = await TestDevice.connect(app, 'socket-anything');
    for (let n = 0; n < 10; n += 1) device.send('nonsense');
    expect(await device.closed()).toBe(1008);
    expect(device.answers.filter(({error}) => error !== undefined)).toHaveLength(10);
  });

  test('in binary closes with 1003', async () => {
    const device = await TestDevice.connect(app, 'socket-anything');
    device.send(new Uint8Array([1, 2, 3]));
    expect(await device.closed()).toBe(1003);
  });

  test('that is too large closes with 1009', async () => {
    const device = await TestDevice.connect(app, 'socket-anything');
    device.send(JSON.stringify({event: 'x'.repeat(1_200_000)}));
    expect(await device.closed()).toBe(1009);
  });

  test('beyond the credit closes with 4002, and nothing that was not stored is acknowledged', async () => {
    const device = await TestDevice.connect(app, 'socket-anything');
    const release = holdShards();
    for (let n = 0; n < 200; n += 1) device.send({id: `e-${n}`, event: {n}});
    expect(await device.closed()).toBe(4002);
    expect(device.answers).toHaveLength(1);
    release();
  });
});
