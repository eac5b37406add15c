/** Node's own WebSocket client against the real gateway, which dies while it sends. */
import {connect} from 'node:net';
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {DeviceAnswer} from '../../src/protocol/device-socket.ts';
import {waitUntil} from '../support/wait-until.ts';
import {expectedNumbers, numbersByKey, startDeviceRun} from './support/device-run.ts';
import type {DeviceRun} from './support/device-run.ts';

let run: DeviceRun;
beforeAll(async () => {
  run = await startDeviceRun();
});
afterAll(() => run.end());

const METERS = ['a', 'b', 'c', 'd', 'e'];
const EVENTS = 600;
const FRAME_EVENTS = 3;
/** Frames that may be unanswered: below what the gateway allows. */
const WINDOW = 16;

interface ToSend {
  readonly id: string;
  readonly event: {readonly meter: string; readonly n: number};
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function open(): Promise<WebSocket> {
  for (;;) {
    // Node takes headers here, which browsers do not.
    const options = {protocols: ['forebay.v1'], headers: {authorization: `Bearer ${run.key}`}};
    const socket = new WebSocket(
      `ws://${run.host}/v1/streams/measurements/socket?client=meter-1`,
      options,
    );
    const isOpen = await new Promise((resolve) => {
      socket.addEventListener('open', () => resolve(true));
      socket.addEventListener('error', () => resolve(false));
      socket.addEventListener('close', () => resolve(false));
    });
    if (isOpen === true) return socket;
    await pause(50);
  }
}

/** Sends the events over one connection as long as it holds; `unacked` loses what is acknowledged. */
async function sendWhileOpen(unacked: ToSend[], onAck: (acked: number) => void): Promise<void> {
  const socket = await open();
  let next = 0;
  let inFlight = 0;
  let acked = 0;
  await new Promise<void>((resolve) => {
    const more = () => {
      while (inFlight < WINDOW && next < unacked.length) {
        const frame = unacked.slice(next, next + FRAME_EVENTS);
        socket.send(JSON.stringify(frame));
        next += frame.length;
        inFlight += 1;
      }
      if (inFlight === 0 && next >= unacked.length) socket.close(1000);
    };
    socket.addEventListener('message', ({data}) => {
      const answer = JSON.parse(data as string) as DeviceAnswer & {welcome?: object};
      if (answer.welcome !== undefined) return more();
      expect(answer.rejected).toEqual([]);
      inFlight -= 1;
      const ids = new Set(answer.ack);
      const before = unacked.length;
      unacked.splice(0, unacked.length, ...unacked.filter(({id}) => !ids.has(id)));
      next -= before - unacked.length;
      acked += ids.size;
      onAck(acked);
      // After a retry a new connection is the simplest way to begin again.
      if (answer.retry.length > 0) return socket.close(1000);
      return more();
    });
    socket.addEventListener('close', () => resolve());
  });
}

test('a gateway that is killed while a device sends: every event is in Kafka once and in order', async () => {
  const events: ToSend[] = Array.from({length: EVENTS}, (_, n) => ({
    id: `m-${n}`,
    event: {meter: METERS[n % METERS.length]!, n},
  }));
  const unacked = [...events];
  const gateway: {restarting?: Promise<void>} = {};
  for (let connections = 0; unacked.length > 0; connections += 1) {
    expect(connections).toBeLessThan(100);
    await sendWhileOpen(unacked, (acked) => {
      if (acked > EVENTS / 3) gateway.restarting ??= run.restart();
    });
  }
  expect(gateway.restarting).toBeDefined();
  await gateway.restarting;
  const records = await run.arrived('measurements', EVENTS);
  expect(records).toHaveLength(EVENTS);
  expect(numbersByKey(records)).toEqual(expectedNumbers(METERS, EVENTS));
});

/** A text frame whose bytes a WebSocket client would not send: RFC 6455 §5.2, masked with zeros. */
function textFrame(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

test('ill-formed UTF-8 in a text frame never becomes an event', async () => {
  const [hostname, port] = run.host.split(':');
  const socket = connect(Number(port), hostname);
  socket.write(
    [
      'GET /v1/streams/measurements/socket HTTP/1.1',
      `Host: ${run.host}`,
      `Authorization: Bearer ${run.key}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Protocol: forebay.v1',
      '',
      '',
    ].join('\r\n'),
  );
  let received = '';
  socket.on('data', (data) => {
    received += data.toString('latin1');
  });
  await waitUntil('the welcome', 5_000, () => received.includes('"welcome"'));
  const event = Buffer.from('{"event":{"meter":"a\xff","n":9999}}', 'latin1');
  socket.write(textFrame(event));
  await waitUntil('an answer', 5_000, () => received.includes('"malformed-utf-8"'));
  socket.destroy();
});
