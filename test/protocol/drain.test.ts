import {expect, test} from 'vitest';
import {ForebayError} from '../../src/lib/errors.ts';
import {decodeBatchFrame, DrainMessage, encodeBatchFrame} from '../../src/protocol/drain.ts';

test('a batch frame survives the wire, with seqs beyond 32 bits', () => {
  const frame = {firstSeq: 2 ** 40 + 1, count: 70_000, bytes: Uint8Array.of(1, 2, 3)};
  expect(decodeBatchFrame(encodeBatchFrame(frame))).toEqual(frame);
});

test('a frame of another protocol version is refused with what to do', () => {
  const frame = encodeBatchFrame({firstSeq: 1, count: 1, bytes: new Uint8Array()});
  frame[0] = 2;
  expect(() => decodeBatchFrame(frame)).toThrow(
    expect.objectContaining({
      code: 'DRAIN_PROTOCOL_VERSION',
      hint: expect.stringContaining('same release'),
    }),
  );
  expect(() => decodeBatchFrame(frame)).toThrow(ForebayError);
});

test('messages with unknown types or impossible positions are not accepted', () => {
  expect(DrainMessage.safeParse({type: 'trim', incarnation: 'a', seq: -1}).success).toBe(false);
  expect(DrainMessage.safeParse({type: 'trim', incarnation: '', seq: 1}).success).toBe(false);
  expect(DrainMessage.safeParse({type: 'drop-everything'}).success).toBe(false);
});
