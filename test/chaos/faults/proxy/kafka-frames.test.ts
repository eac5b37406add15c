import {expect, test} from 'vitest';
import {requestFrame} from './fake-kafka.ts';
import {kafkaFrames} from './kafka-frames.ts';

const HEADER_BYTES = 12;

/** With a client id `c`; `body` begins where the header's client id ends. */
function frameOf(apiKey: number, version: number, body: Buffer): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  head.writeInt32BE(HEADER_BYTES - 4 + 3 + body.length, 0);
  head.writeInt16BE(apiKey, 4);
  head.writeInt16BE(version, 6);
  return Buffer.concat([head, Buffer.from('\0\x01c', 'latin1'), body]);
}

test.each([
  ['EndTxn', 26, 2, Buffer.from('\0\x04txid\x00', 'latin1')],
  ['EndTxn', 26, 4, Buffer.from('\x00\x05txid\x00', 'latin1')],
  ['Produce', 0, 9, Buffer.from('\x00\x05txid\xff\xff', 'latin1')],
  ['InitProducerId', 22, 4, Buffer.from('\x01\x00\x02ab\x05txid', 'latin1')],
  ['AddPartitionsToTxn', 24, 4, Buffer.from('\x00\x02\x05txid', 'latin1')],
])('%s (%i) version %i says its transactional id', (name, apiKey, version, body) => {
  const frame = frameOf(apiKey, version, body);
  expect(kafkaFrames().split('request', frame)).toEqual([
    {bytes: frame, name, transactionalId: 'txid'},
  ]);
});

test.each([
  ['Produce', 0, 9, Buffer.from('\x00\x00\x00', 'latin1')],
  ['Produce', 0, 3, Buffer.from('\xff\xff', 'latin1')],
  ['Fetch', 1, 12, Buffer.from('\x00\x05txid', 'latin1')],
  ['EndTxn', 26, 4, Buffer.alloc(0)],
])('%s (%i) version %i has none, or none that can be read', (name, apiKey, version, body) => {
  const frame = frameOf(apiKey, version, body);
  expect(kafkaFrames().split('request', frame)).toEqual([{bytes: frame, name}]);
});

test('frames are whole however their bytes come', () => {
  const bytes = Buffer.concat([1, 2, 3].map((n) => requestFrame('EndTxn', n)));
  const frames = kafkaFrames();
  const split = [...bytes].flatMap((byte) => frames.split('request', Buffer.of(byte)));
  expect(Buffer.concat(split.map((frame) => frame.bytes))).toEqual(bytes);
  expect(split.map(({name}) => name)).toEqual(['EndTxn', 'EndTxn', 'EndTxn']);
});

test('what is no Kafka passes as it is', () => {
  const hello = Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00]);
  expect(kafkaFrames().split('request', hello)).toEqual([{bytes: hello, name: 'bytes'}]);
});
