/** The most used MQTT client for JavaScript, unmodified, against the real gateway, which dies while it publishes. */
import mqtt from 'mqtt';
import type {MqttClient} from 'mqtt';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {expectedNumbers, numbersByKey, startDeviceRun} from './support/device-run.ts';
import type {DeviceRun} from './support/device-run.ts';

let run: DeviceRun;
beforeAll(async () => {
  run = await startDeviceRun();
});
afterAll(() => run.end());

const EVENTS = 400;
/** Publishes the program does not wait for. */
const AT_ONCE = 50;

function connect(protocolVersion: 4 | 5, clientId: string): Promise<MqttClient> {
  return mqtt.connectAsync(`ws://${run.host}/mqtt?client=${clientId}`, {
    protocolVersion,
    clientId,
    username: 'any',
    password: run.key,
    clean: true,
    reconnectPeriod: 100,
    connectTimeout: 5_000,
  });
}

describe.for([4, 5] as const)('protocol version %i', (protocolVersion) => {
  const meters = ['a', 'b', 'c'].map((name) => `${name}${protocolVersion}`);

  test('a gateway that is killed while the client publishes: every acknowledged event is in Kafka once, in order', async () => {
    const client = await connect(protocolVersion, `judge-${protocolVersion}`);
    const waiting = new Set<Promise<unknown>>();
    let acked = 0;
    const gateway: {restarting?: Promise<void>} = {};
    for (let n = 0; n < EVENTS; n += 1) {
      const body = JSON.stringify({meter: meters[n % meters.length]!, n});
      const done = client.publishAsync('measurements', body, {qos: 1}).then(() => {
        acked += 1;
        waiting.delete(done);
        if (acked > EVENTS / 3) gateway.restarting ??= run.restart();
      });
      waiting.add(done);
      if (waiting.size >= AT_ONCE) await Promise.race(waiting);
    }
    await Promise.all(waiting);
    expect(gateway.restarting).toBeDefined();
    await gateway.restarting;
    await client.endAsync();
    const records = await run.arrived('measurements', protocolVersion === 4 ? EVENTS : 2 * EVENTS);
    const own = records.filter(({key}) => meters.includes(key!));
    expect(own).toHaveLength(EVENTS);
    expect(numbersByKey(own)).toEqual(expectedNumbers(meters, EVENTS));
  });

  test('QoS 0 and keys by topic arrive too', async () => {
    const client = await connect(protocolVersion, `keyed-${protocolVersion}`);
    const body = `{"from": ${protocolVersion}}`;
    await client.publishAsync('streams/signals/hall/7', body, {qos: 0});
    await client.publishAsync('streams/signals/hall/7', body, {qos: 1});
    await client.endAsync();
    const records = await run.arrived('signals', protocolVersion === 4 ? 2 : 4);
    expect(records.filter(({value}) => value === body)).toMatchObject([
      {key: 'hall/7', headers: {ce_source: `/mqtt/keyed-${protocolVersion}`, ce_type: 'signals'}},
      {key: 'hall/7'},
    ]);
  });

  test('a wrong password is refused as the client expects', async () => {
    const client = mqtt.connect(`ws://${run.host}/mqtt`, {
      protocolVersion,
      username: 'any',
      password: 'wrong',
      reconnectPeriod: 0,
    });
    const error = await new Promise<Error & {code?: number}>((resolve) =>
      client.on('error', resolve),
    );
    expect(error.code).toBe(protocolVersion === 4 ? 5 : 0x86);
    await client.endAsync(true);
  });
});

test('a client of MQTT 5 is told why an event is refused, and that it may not subscribe', async () => {
  const client = await connect(5, 'refused');
  const refused = client.publishAsync('measurements', '{"meter":"a","n":"one"}', {qos: 1});
  await expect(refused).rejects.toMatchObject({code: 0x99});
  await expect(client.subscribeAsync('measurements')).rejects.toThrow();
  await client.publishAsync('signals', '{"after":1}', {qos: 1});
  await client.endAsync();
});
